namespace FlameEdge.Channels;

/// <summary>A capability of backends: they know which run of a worker was last seen, where the worker's own disk may have forgotten it.</summary>
public interface IIncarnationMemory
{
    /// <summary>The newest run of the endpoint's worker that is still posted; 0 where there is none, or where nobody answers within the backend's bound.</summary>
    ValueTask<long> SeenIncarnationAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken);
}
