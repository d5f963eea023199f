using FlameEdge.Topology;

namespace FlameEdge.Channels;

/// <summary>A channel whose members may be placed anew while it is open.</summary>
public interface IPlacedChannel
{
    /// <summary>From now on exactly these workers are met, each from its device only. Who is gone from the list, or has moved, has left.</summary>
    Task PlaceAsync(IReadOnlyDictionary<WorkerId, AgentId> placement, CancellationToken cancellationToken);
}
