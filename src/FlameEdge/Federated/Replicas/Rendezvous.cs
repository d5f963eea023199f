using System.IO.Hashing;
using System.Text;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Replicas;

/// <summary>
/// Highest random weight: everybody who knows the same replicas names the same one for a worker, without asking. Workers are spread evenly on average; where a replica
/// leaves only its own workers move, and where one comes it takes its share from all.
/// </summary>
/// <seealso href="https://doi.org/10.1109/90.663936">Thaler and Ravishankar 1998, section III</seealso>
internal static class Rendezvous
{
    /// <summary>The replica for a worker, in whatever order they are listed; null where there is none.</summary>
    public static WorkerId? Of(WorkerId worker, IEnumerable<WorkerId> replicas)
    {
        WorkerId? best = null;
        var most = 0UL;
        foreach (var replica in replicas)
        {
            // A name cannot hold a blank: no two pairs have the same text.
            var weight = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{worker} {replica}"));
            if (best is not { } leader || weight > most || (weight == most && string.CompareOrdinal(replica.Value, leader.Value) < 0))
            {
                (best, most) = (replica, weight);
            }
        }

        return best;
    }
}
