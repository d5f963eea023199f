using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Testing.Channels;

/// <summary>What a backend needs to be put through the contract: an empty world in which agents can be started.</summary>
public interface IChannelBench : IAsyncDisposable
{
    /// <summary>Bytes around which a message changes from one packet to several.</summary>
    int ChunkBytes { get; }

    /// <summary>The backend of an agent; the same object for the same agent.</summary>
    Task<IChannelBackend> BackendAsync(AgentId agent);
}
