using FlameEdge.Channels;
using FlameEdge.Federated.Coordination;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Replicas;

/// <summary>
/// Who of a cohort stands for whom: aggregators that share a group below. A set of them is not lacking one that is gone, or has no trainers, as long as another takes part; those who take part
/// each count for the quorum.
/// </summary>
internal sealed class ReplicaSets
{
    private readonly Dictionary<WorkerId, IReadOnlyList<WorkerId>> sets;

    private ReplicaSets(Dictionary<WorkerId, IReadOnlyList<WorkerId>> sets) => this.sets = sets;

    /// <summary>Those below this end of a channel; null where nobody has an equal, or a coordinator says who takes part.</summary>
    public static ReplicaSets? Of(RoleContext context, IChannel channel)
    {
        var role = channel.Endpoint.OtherRole;
        if (PlanFollower.ChannelOf(context) is not null || context.Job.Graph.Channels.FirstOrDefault(spec => spec.Has(role, FunctionTags.Distribute)) is not { } below)
        {
            return null;
        }

        var sets = context.CohortOf(channel).GroupBy(worker => worker.Groups[below.Name], worker => worker.Id).Select(set => set.ToList()).Where(set => set.Count > 1);
        var bySet = sets.SelectMany(set => set, (set, worker) => (worker, set)).ToDictionary(entry => entry.worker, entry => (IReadOnlyList<WorkerId>)entry.set);
        return bySet.Count > 0 ? new(bySet) : null;
    }

    /// <summary>True for one that has an equal.</summary>
    public bool Has(WorkerId worker) => sets.ContainsKey(worker);

    /// <summary>Of so many workers, those a round can do without: all of a set but who takes part, and of each set all but one.</summary>
    public int Dispensable(Func<WorkerId, bool> takesPart) => sets.Values.Distinct().Sum(set => set.Count - Math.Max(1, set.Count(takesPart)));
}
