using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using FlameEdge.Cli.Plots;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Running;

/// <summary>Keeps how the job ended and writes it: <c>result.json</c>, <c>model.parameters</c>, <c>model.onnx</c>, <c>accuracy.png</c>, <c>loss.png</c>.</summary>
internal sealed class RunResults(RunFolder folder, JobPlan plan, string engine) : IJobObserver
{
    /// <summary>The record of the run; null until the top aggregator, if it runs here, has ended it.</summary>
    public JobResult? Result { get; private set; }

    /// <summary>Files written, by name.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    public void Say(WorkerId worker, string line)
    {
        // Results only.
    }

    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        // The end brings them all.
    }

    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Results only.
    }

    public void JobEnded(WorkerId worker, JobEnd end)
    {
        Result = new JobResult
        {
            Job = plan.Job.Name.Value,
            Title = plan.Job.Title,
            State = end.State,
            Reason = end.Reason,
            Runtime = $"{RuntimeInformation.FrameworkDescription}; {engine}; {RuntimeInformation.ProcessArchitecture} {Vectors()}",
            Workers = plan.Workers.Count,
            Model = end.Model.ContentHash(),
            Rounds = end.Rounds,
        };
        var files = new List<string>();
        WriteModel(end, files);
        WritePlots(end.Rounds, files);
        Write("result.json", JsonSerializer.SerializeToUtf8Bytes(Result, RoundsJson.Default.JobResult), files);
        Files = files;
    }

    private static string Vectors() =>
        System.Runtime.Intrinsics.X86.Avx512DQ.IsSupported ? "avx512" : System.Runtime.Intrinsics.X86.Avx2.IsSupported ? "avx2" : "baseline";

    private void WriteModel(JobEnd end, List<string> files)
    {
        var encoded = new ArrayBufferWriter<byte>();
        new Float32Codec().Encode(end.Model.Layout, end.Model.Values, encoded);
        Write("model.parameters", encoded.WrittenMemory, files);
        if (end.Exporter is { } exporter)
        {
            Produce("model" + exporter.Extension, exporter.Export, files);
        }
    }

    private void WritePlots(IReadOnlyList<RoundResult> rounds, List<string> files)
    {
        Plot("accuracy.png", "Accuracy", "test accuracy", round => round.Accuracy);
        Plot("loss.png", "Loss", "test loss (nats)", round => round.Loss);

        void Plot(string name, string what, string label, Func<RoundResult, double?> value)
        {
            var points = rounds.Where(round => value(round) is not null).ToList();
            if (points.Count > 0)
            {
                (string, IReadOnlyList<double>, IReadOnlyList<double>) series = (what, [.. points.Select(round => (double)round.Round)], [.. points.Select(round => value(round)!.Value)]);
                Produce(name, path => LearningCurvePlot.Write(path, $"{plan.Job.Title}: {what.ToLowerInvariant()} by round", label, [series]), files);
            }
        }
    }

    // Others write under a name of their own first: nothing half-written ever carries a result's name.
    private void Produce(string name, Action<string> write, List<string> files)
    {
        var unfinished = folder.File($".{name}.unfinished");
        try
        {
            write(unfinished);
            Write(name, File.ReadAllBytes(unfinished), files);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"{folder.File(name)} cannot be written: {error.Message.TrimEnd('.')}. Free space or choose another folder with --out.", error);
        }
        finally
        {
            DurableFile.TryDelete(unfinished);
        }
    }

    private void Write(string name, ReadOnlyMemory<byte> content, List<string> files)
    {
        DurableFile.Write(folder.File(name), new ReadOnlySequence<byte>(content));
        files.Add(name);
    }
}
