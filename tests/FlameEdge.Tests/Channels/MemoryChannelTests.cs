using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Channels;

/// <summary>The in-memory backend keeps the contract.</summary>
public sealed class MemoryChannelTests : ChannelContract
{
    protected override ValueTask<IChannelBench> SetUpAsync() => ValueTask.FromResult<IChannelBench>(new MemoryBench());

    private sealed class MemoryBench : IChannelBench
    {
        private readonly MemoryHub hub = new();

        public int ChunkBytes => 64 * 1024;

        public Task<IChannelBackend> BackendAsync(AgentId agent) => Task.FromResult<IChannelBackend>(new MemoryChannelBackend(hub));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
