using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <summary>Where the members stand, as a coordinator knows it.</summary>
internal sealed class RingTable
{
    private static readonly Comparer<WorkerId> ByName = Comparer<WorkerId>.Create(static (left, right) => string.CompareOrdinal(left.Value, right.Value));

    // Never changed, only replaced: sends that are repeated ask on threads of their own where a member stands.
    private volatile SortedDictionary<WorkerId, RingPlace> places = new(ByName);

    /// <summary>Everybody known, sorted.</summary>
    public IEnumerable<(WorkerId Worker, RingPlace Place)> All => places.Select(pair => (pair.Key, pair.Value));

    /// <summary>What is known of a member; null for nothing.</summary>
    public RingPlace? this[WorkerId worker]
    {
        get => places.GetValueOrDefault(worker);
        set
        {
            var changed = new SortedDictionary<WorkerId, RingPlace>(places, ByName);
            changed.Remove(worker);
            if (value is not null)
            {
                changed.Add(worker, value);
            }

            places = changed;
        }
    }

    /// <summary>
    /// What all should stand on: the furthest round, and where members of it differ, because two parts of the group went on without each other, what most stand on; then the
    /// lowest member's.
    /// </summary>
    public RingStanding Target()
    {
        var furthest = places.Values.Max(place => place.Standing.Round);
        return places.Where(pair => pair.Value.Standing.Round == furthest).GroupBy(pair => pair.Value.Standing)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.First().Key.Value, StringComparer.Ordinal).First().Key;
    }

    /// <summary>Somebody who stands there.</summary>
    public WorkerId HolderOf(RingStanding standing) => places.First(pair => pair.Value.Standing == standing).Key;
}
