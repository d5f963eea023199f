using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using FlameEdge.RoundWorker;
using FlameEdge.Topology;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>A started process of <see cref="RoundWorkers"/>.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly Process process;
    private readonly Channel<string[]> lines = Channel.CreateUnbounded<string[]>();

    public WorkerProcess(string program, string broker, RoundJob job, IReadOnlyList<WorkerId> workers, string folder)
    {
        string[] arguments =
        [
            broker, $"{job.Bytes}", $"{job.Trainers}", $"{job.Groups}", $"{job.Rounds}", job.Codec, job.Backend, folder, .. workers.Select(worker => worker.Value),
        ];
        process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true } };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                lines.Writer.TryWrite(text.Split(' '));
            }
            else
            {
                lines.Writer.TryComplete();
            }
        };
        process.Start();
        process.BeginOutputReadLine();
    }

    /// <summary>Its number.</summary>
    public int Id => process.Id;

    /// <summary>Processor seconds so far.</summary>
    public double CpuSeconds => ProcessUse.CpuSecondsOf(process.Id);

    /// <summary>The most memory it has held, in bytes; known once it has ended.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>The next line it says that begins with <paramref name="word"/>, in words.</summary>
    /// <exception cref="InvalidOperationException">It ended without.</exception>
    /// <exception cref="OperationCanceledException">It says nothing any more.</exception>
    public async Task<string[]> NextAsync(string word)
    {
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var line in lines.Reader.ReadAllAsync(patience.Token))
        {
            if (line[0] == word)
            {
                return line;
            }
        }

        throw new InvalidOperationException($"a worker process ended before it said '{word}'");
    }

    /// <summary>Waits for its good end.</summary>
    public async Task EndAsync()
    {
        PeakBytes = long.Parse((await NextAsync("peak"))[1], CultureInfo.InvariantCulture);
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }
}
