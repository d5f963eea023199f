namespace FlameEdge.Channels;

/// <summary>A capability of backends: they know which run of a worker was last seen, where the worker's own disk may have forgotten it.</summary>
public interface IIncarnationMemory
{
    /// <summary>The newest run of a worker that is still posted on any of its <paramref name="ends"/>; 0 where there is none, or where nobody answers within the backend's bound.</summary>
    /// <param name="ends">Ends of one worker, all on this backend; one at least.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken);
}
