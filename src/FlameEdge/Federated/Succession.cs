using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>Groups whose leader has left: a moment is theirs, in which the next one may come. A worker that speaks for itself has no successor.</summary>
internal sealed class Succession(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private readonly Dictionary<string, long> vacant = new(StringComparer.Ordinal);

    /// <summary>Until the first of these moments is over; null where no group is without a leader.</summary>
    public TimeSpan? Left
    {
        get
        {
            ForgetOver();
            return vacant.Count == 0 ? null : vacant.Values.Min(since => Patience - time.GetElapsedTime(since));
        }
    }

    /// <summary>A member has left the channel.</summary>
    public void Leave(CohortGroups groups, WorkerId worker)
    {
        if (groups.HasRings)
        {
            vacant[groups.Of(worker)] = time.GetTimestamp();
        }
    }

    /// <summary>A member has come.</summary>
    public void Join(CohortGroups groups, WorkerId worker) => vacant.Remove(groups.Of(worker));

    /// <summary>True where a successor may still come.</summary>
    public bool IsAwaited(CohortGroups groups, WorkerId worker)
    {
        ForgetOver();
        return vacant.ContainsKey(groups.Of(worker));
    }

    private void ForgetOver()
    {
        foreach (var (group, _) in vacant.Where(entry => time.GetElapsedTime(entry.Value) >= Patience).ToList())
        {
            vacant.Remove(group);
        }
    }
}
