using System.Collections.Concurrent;
using System.Text;
using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A job whose every worker is a process of its own, all meeting at one broker; it stops only what it started.</summary>
internal sealed class FleetOfProcesses : IAsyncDisposable
{
    /// <summary>A bound for whatever must happen at all; a loaded machine is slow, a broken fleet waits for ever.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentDictionary<string, RunningProgram> running = new();
    private readonly StringBuilder history = new();
    private readonly Lock gate = new();
    private readonly string broker;
    private TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int round;

    public FleetOfProcesses(KillJob job, int brokerPort)
    {
        Job = job;
        broker = $"mqtt://127.0.0.1:{brokerPort}";
        File.WriteAllText(JobFile, job.Text);
    }

    public KillJob Job { get; }

    public string JobFile => folder["job.json"];

    /// <summary>The last round the aggregator said to be over.</summary>
    public int Round
    {
        get
        {
            lock (gate)
            {
                return round;
            }
        }
    }

    /// <summary>The record of the run, of whoever told its end.</summary>
    public JobResult Result => JobResult.Read(PathOf(Job.Tellers.FirstOrDefault(worker => File.Exists(PathOf(worker, "result.json"))) ?? Job.Tellers[0], "result.json"));

    /// <summary>True while somebody is there who may tell of rounds.</summary>
    public bool IsGoingOn => Job.Tellers.Any(IsRunning);

    /// <summary>All that all processes have said, in order, for who must find out why.</summary>
    public string History
    {
        get
        {
            lock (gate)
            {
                return history.ToString();
            }
        }
    }

    /// <summary>A file below a worker's folder.</summary>
    public string PathOf(string worker, params string[] parts) => folder[["out", worker, .. parts]];

    /// <summary>Starts every worker.</summary>
    public void StartAll()
    {
        foreach (var worker in Job.Workers)
        {
            Start(worker);
        }
    }

    /// <summary>Starts a worker, or starts it again where it left off.</summary>
    public void Start(string worker, string? crashAt = null, bool isResume = true)
    {
        Note(worker, crashAt is null ? "-- starts" : $"-- starts, to die at {crashAt}");
        running[worker] = WorkerProcess.Start(
            ["run", JobFile, "--broker", broker, "--worker", worker, "--out", PathOf(worker), .. isResume ? ["--resume"] : Array.Empty<string>()], crashAt, line => Heard(worker, line));
    }

    /// <summary>True where a worker's process is dead and has not been started again.</summary>
    public bool WasKilled(string worker) => running.TryGetValue(worker, out var process) && process.HasEnded && process.ExitCode == RunningProgram.Killed;

    public bool IsRunning(string worker) => running.TryGetValue(worker, out var process) && !process.HasEnded;

    /// <summary>Kills a worker; false where it had already ended by itself.</summary>
    public async Task<bool> KillAsync(string worker)
    {
        var wasKilled = await running[worker].KillAsync();
        Note(worker, wasKilled ? "-- killed" : "-- had ended");
        return wasKilled;
    }

    /// <summary>Waits until a worker has died at its labelled point.</summary>
    public async Task CrashedAsync(string worker)
    {
        var code = await ExitAsync(worker);
        Assert.True(code == RunningProgram.Killed, $"{worker} was to be killed and ended with {code}\n{History}");
        Note(worker, "-- died at its point");
    }

    /// <summary>Waits until a worker's process has ended; its exit code.</summary>
    public async Task<int> ExitAsync(string worker)
    {
        var process = running[worker];
        await UntilAsync(() => process.HasEnded, process.Ended, $"{worker} to end");
        return process.ExitCode;
    }

    /// <summary>Waits until the aggregator has said that a round is over.</summary>
    public async Task RoundAsync(int wanted) => await UntilAsync(() => Round >= wanted || !IsGoingOn, running[Job.Tellers[0]].Ended, $"round {wanted}");

    /// <summary>Waits until everybody has ended, but for one who stays dead, and demands that they ended well.</summary>
    public async Task EndAsync(string? except = null)
    {
        foreach (var worker in running.Keys.Where(worker => worker != except))
        {
            var code = await ExitAsync(worker);
            Assert.True(code == 0, $"{worker} ended with {code}\n{History}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in running.Values)
        {
            await process.DisposeAsync();
        }

        folder.Dispose();
    }

    // Somebody who fell for a reason of its own ends every wait: the rest would only wait for it.
    private async Task UntilAsync(Func<bool> isMet, Task news, string what)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            Task next;
            lock (gate)
            {
                next = heard.Task;
            }

            if (isMet())
            {
                return;
            }

            if (running.FirstOrDefault(pair => pair.Value.HasEnded && pair.Value.ExitCode is not (0 or RunningProgram.Killed)) is { Key: { } fallen } found)
            {
                Assert.Fail($"{fallen} ended with {found.Value.ExitCode} while this waited for {what}\n{History}");
            }

            try
            {
                await Task.WhenAny([next, news, .. running.Values.Where(process => !process.HasEnded).Select(process => process.Ended)]).WaitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"waited {Bound} for {what}\n{History}");
            }
        }
    }

    private void Heard(string worker, string line)
    {
        Note(worker, line);
        if (!Job.Tellers.Contains(worker) || !line.StartsWith("round ", StringComparison.Ordinal) || !int.TryParse(line.AsSpan(6, line.IndexOf('/', StringComparison.Ordinal) - 6), out var number))
        {
            return;
        }

        TaskCompletionSource former;
        lock (gate)
        {
            round = Math.Max(round, number);
            former = heard;
            heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        former.TrySetResult();
    }

    private void Note(string worker, string line)
    {
        lock (gate)
        {
            history.Append(TimeProvider.System.GetLocalNow().ToString("HH:mm:ss.fff")).Append(' ').Append(worker).Append(": ").AppendLine(line);
        }
    }
}
