using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Hosting;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>A job on the in-memory backend with the tiny test engine; state outlives a run so that a test can resume it.</summary>
internal sealed class InMemoryJob(JobPlan plan)
{
    public IEngine Engine { get; init; } = new SoftmaxEngine();

    public MemoryStateStore State { get; init; } = new();

    public IReadOnlyList<WorkerId>? Workers { get; init; }

    public ReplayScript? Replay { get; init; }

    public RoleCatalog Roles { get; init; } = StandardRoles.Catalog();

    public MemoryHub Hub { get; init; } = new();

    public Func<DatasetSpec, Dataset> Load { get; init; } = spec => TestJobs.Rows(spec.Id);

    public RecordingObserver Observer { get; init; } = new();

    /// <summary>Stands between workers and the backend.</summary>
    public Func<IChannelBackend, IChannelBackend> Around { get; init; } = static backend => backend;

    public async Task<RecordingObserver> RunAsync(CancellationToken cancellationToken = default)
    {
        await using var backend = new MemoryChannelBackend(Hub);
        var setup = new JobSetup
        {
            Plan = plan,
            Workers = Workers,
            Roles = Roles,
            Engines = [Engine],
            LoadAsync = (spec, _) => Task.FromResult(Load(spec)),
            State = State,
            Backends = new Dictionary<string, IChannelBackend> { ["memory"] = Around(backend) },
            Observer = Observer,
            Replay = Replay,
            ComputeLimit = 16,
        };
        await new JobRunner(setup).RunAsync(cancellationToken);
        return Observer;
    }
}
