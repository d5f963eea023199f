using System.Globalization;
using System.Text.Json;
using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Topology;
using FlameEdge.Torch;

namespace FlameEdge.Benchmarks.Engines;

/// <summary>Trains one model on one engine in a process of its own, so that memory and processor time are this engine's alone.</summary>
internal static class EngineMeter
{
    private const int Rows = 4096;
    private const int StepsPerCall = 50;
    private const int Warmup = 2;

    /// <summary>Trains for at least <paramref name="seconds"/> of processor time and <paramref name="steps"/> steps, and writes an <see cref="EngineFigures"/> as JSON.</summary>
    public static void Run(string engine, string model, int batch, double seconds, long steps)
    {
        var data = Noise();
        using var trainer = Open(engine).Open(
            new ModelSpec { Kind = model, Hidden = [128] },
            data.SampleShape,
            data.ClassCount,
            new TrainingSpec { BatchSize = batch, Steps = StepsPerCall, LearningRate = 0.01, Momentum = 0.9, Threads = 1 });
        trainer.Initialize(1);
        for (var call = 0; call < Warmup; call++)
        {
            trainer.Train(data, (ulong)call, CancellationToken.None);
        }

        var (cpu, allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true));
        var (done, early) = (0L, 0L);
        while ((Environment.CpuUsage.TotalTime - cpu).TotalSeconds < seconds || done < steps)
        {
            trainer.Train(data, (ulong)done, CancellationToken.None);
            done += StepsPerCall;
            early = early == 0 && done * 10 >= steps ? Status("VmRSS") : early;
        }

        var spent = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Console.WriteLine(JsonSerializer.Serialize(new EngineFigures(done, done * batch / spent, (double)bytes / done, Status("VmHWM"), early, Status("VmRSS"))));
    }

    private static IEngine Open(string engine) => engine == "torch" ? new TorchEngine() : new OnnxEngine();

    private static Dataset Noise()
    {
        var random = new PortableRandom(1);
        var features = new float[Rows * 784];
        foreach (ref var value in features.AsSpan())
        {
            value = (float)random.NextDouble();
        }

        return new Dataset("noise", [1, 28, 28], 10, features, Enumerable.Range(0, Rows).Select(row => row % 10).ToArray());
    }

    // Kilobytes, as Linux counts them for this process.
    private static long Status(string field) => long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}

/// <summary>What one process measured.</summary>
/// <param name="Steps">Optimizer steps made.</param>
/// <param name="SamplesPerCpuSecond">Rows trained per second of processor time of the whole process.</param>
/// <param name="BytesPerStep">Managed memory allocated per step.</param>
/// <param name="PeakKilobytes">Largest resident memory of the process.</param>
/// <param name="EarlyKilobytes">Resident memory after a tenth of the steps asked for.</param>
/// <param name="LateKilobytes">Resident memory at the end.</param>
internal sealed record EngineFigures(long Steps, double SamplesPerCpuSecond, double BytesPerStep, long PeakKilobytes, long EarlyKilobytes, long LateKilobytes);
