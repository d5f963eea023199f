using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <content>A group that is led from above: what its leader hears goes round the ring.</content>
internal sealed partial class RingCircle
{
    // A member that comes back into a group that has gathered once need not wait for everybody; only for the word of who else is there.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);
    private readonly Dictionary<WorkerId, long> announced = [];
    private readonly ILedWork? led;
    private long? passing;
    private long joined;

    private TimeSpan Deadline => led?.Deadline ?? Rounds.Deadline;

    private bool IsLeader => IsCoordinator && (hasGathered || (work.Standing.Round > 0 && context.Time.GetElapsedTime(joined) >= Settling));

    // While the model goes from member to member nobody is handed another one, unless the way is broken or takes too long.
    private bool IsPassing => passing is { } since && context.Time.GetElapsedTime(since) < Deadline / 4;

    // As large as the group: who is away counts as an average member, so that a new leader announces what the one before it did.
    private long GroupSamples => (long)(announced.Values.Average() * (Cohort.Count + 1));

    /// <summary>True where the leader has heard something that moves the group.</summary>
    private async Task<bool> LeadAsync(CancellationToken cancellationToken)
    {
        if (led is null)
        {
            return false;
        }

        var before = led.Standing;
        await led.LeadAsync(IsLeader ? GroupSamples : null, cancellationToken);
        if (led.Standing == before)
        {
            return false;
        }

        passing = context.Time.GetTimestamp();
        PassOn();
        return true;
    }

    // From the lowest member, which leads, to the highest: every member sends the model once.
    private void PassOn()
    {
        var standing = work.Standing;
        foreach (var next in inbox.Present.Keys.Where(worker => string.CompareOrdinal(worker.Value, Self.Value) > 0).OrderBy(worker => worker.Value, StringComparer.Ordinal).Take(1))
        {
            Send(next, Head(RingHead.Pass), work.Snapshot(), () => work.Standing == standing);
        }
    }

    private void Announce(Peer peer)
    {
        if (peer.Card.Samples is > 0 and <= LargestWeight)
        {
            announced[peer.Worker] = peer.Card.Samples;
        }
    }
}
