using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Hosting;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Hosting;

public class IncarnationTests
{
    [Fact]
    public async Task A_worker_is_newer_than_its_disk_remembers_and_than_others_have_seen()
    {
        var state = new MemoryStateStore();
        await using var backend = new RememberingBackend();

        var first = await StartAsync(state, backend);
        var again = await StartAsync(state, backend);
        backend.Seen = 7;
        var afterAnotherDisk = await StartAsync(new MemoryStateStore(), backend);
        backend.Seen = 0;
        var withItsOwnDisk = await StartAsync(state, backend);

        Assert.Equal([1, 2, 8, 3], [first, again, afterAnotherDisk, withItsOwnDisk]);
    }

    private static async Task<long> StartAsync(IStateStore state, RememberingBackend backend)
    {
        var setup = new JobSetup
        {
            Plan = TestJobs.Flat(1, new RoundSpec(), new TrainingSpec()),
            Workers = [new("trainer_0")],
            Roles = new RoleCatalog().Add("trainer", static _ => new IdleRole()).Add("aggregator", static _ => new IdleRole()),
            Engines = [new SoftmaxEngine()],
            LoadAsync = static (spec, _) => Task.FromResult(TestJobs.Rows(spec.Id)),
            State = state,
            Backends = new Dictionary<string, IChannelBackend> { [backend.Name] = backend },
            Observer = new RecordingObserver(),
        };
        await new JobRunner(setup).RunAsync(default);
        return backend.Opened;
    }

    private sealed class IdleRole : IRole
    {
        public Step Compose() => new Tasklet("idle", static _ => Task.CompletedTask);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class RememberingBackend : IChannelBackend, IIncarnationMemory
    {
        private readonly MemoryChannelBackend inner = new(new MemoryHub());

        public string Name => "memory";

        public long Seen { get; set; }

        public long Opened { get; private set; }

        public ValueTask<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken) => new(Seen);

        public ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken)
        {
            Opened = endpoint.Incarnation;
            return inner.OpenAsync(endpoint, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
