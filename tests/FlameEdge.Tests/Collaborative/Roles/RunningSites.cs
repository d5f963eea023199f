using FlameEdge.Channels.InMemory;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated;
using FlameEdge.Tests.Topology;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>Sites of which the first meets what the others know, for as long as a test looks on: by default three, and a class.</summary>
internal sealed class RunningSites : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly RecordingObserver observer = new();
    private readonly Task run;

    public RunningSites(string more = "", bool hasDirectory = true, MemoryStateStore? state = null, MemoryHub? hub = null, params string[] workers)
        : this(
            CanoeJobs.OfCorners("corners", "memory", """ "rows-0", "rows-1", "rows-2" """, more + """ "batchesPerSecond": 40, """, hasDirectory),
            spec => Corners.Stream(spec.Id.Value, spec.Id.Value == "rows-0" ? [0, 1] : [0, 1, 2], after: 60), state, hub, workers)
    {
    }

    /// <summary>Sites of any job.</summary>
    public RunningSites(string job, Func<DatasetSpec, Dataset> load, MemoryStateStore? state = null, MemoryHub? hub = null, params string[] workers)
    {
        Plan = Expansion.Expand(JobTexts.Sound(job));
        run = new InMemoryJob(Plan)
        {
            Load = load,
            State = state ?? new(), Hub = hub ?? new(), Observer = observer, Workers = workers.Length == 0 ? null : [.. workers.Select(worker => new WorkerId(worker))],
        }.RunAsync(stopping.Token);
    }

    public const string Endless = """ "batches": 100000, """;

    public JobPlan Plan { get; }

    /// <summary>What a worker has told.</summary>
    public CanoeEvent[] Told(string worker) => [.. observer.Events.Where(entry => entry.Worker.Value == worker).Select(entry => CanoeEvent.Read(entry.Event.Json.Span)!)];

    /// <summary>Waits until a worker has told something, and gives it.</summary>
    public async Task<CanoeEvent> UntilAsync(string worker, Func<CanoeEvent, bool> isIt)
    {
        while (true)
        {
            var isOver = run.IsCompleted;
            if (Told(worker).FirstOrDefault(isIt) is { } found)
            {
                return found;
            }

            Assert.False(isOver, "the job ended before that");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for the job's own end.</summary>
    public Task EndAsync() => run;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await run.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        stopping.Dispose();
    }
}
