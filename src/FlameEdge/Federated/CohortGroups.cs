using FlameEdge.Channels;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>Who of a cohort speaks with one voice: the members of a ring, whose leader alone sends an update; everybody else speaks for itself.</summary>
internal sealed class CohortGroups
{
    private readonly Dictionary<WorkerId, string> rings;

    private CohortGroups(Dictionary<WorkerId, string> rings) => this.rings = rings;

    /// <summary>Everybody speaks for itself.</summary>
    public static CohortGroups Single { get; } = new([]);

    /// <summary>True where there are rings.</summary>
    public bool HasRings => rings.Count > 0;

    /// <summary>Those of the cohort below this end of a channel, as of now.</summary>
    public static CohortGroups Of(RoleContext context, IChannel channel) =>
        context.Job.Graph.Channels.FirstOrDefault(spec => spec.Has(channel.Endpoint.OtherRole, FunctionTags.RingAllReduce)) is { } ring
            ? new(context.CohortOf(channel).ToDictionary(worker => worker.Id, worker => $"ring {worker.Groups[ring.Name]}"))
            : Single;

    /// <summary>The name of the voice a worker speaks with.</summary>
    public string Of(WorkerId worker) => rings.GetValueOrDefault(worker, worker.Value);

    /// <summary>How many voices these have.</summary>
    public int Count(IEnumerable<WorkerId> workers) => HasRings ? workers.Select(Of).Distinct(StringComparer.Ordinal).Count() : workers.Count();

    /// <summary>True where a report on the group of <paramref name="leader"/> accounts for all <paramref name="samples"/> of its update, by members of that group alone and each once.</summary>
    public bool Accounts(WorkerId leader, List<WorkerVerdict>? report, long samples)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        var sum = 0d; // Of what a stranger says, which may be beyond any integer.
        foreach (var verdict in report ?? [])
        {
            if (verdict is not { Worker: { } worker, Samples: >= 0 } || !named.Add(worker) || Of(new(worker)) != Of(leader))
            {
                return false;
            }

            sum += verdict.Verdict == Verdict.Counted ? verdict.Samples : 0;
        }

        return sum == samples;
    }
}
