using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>How often one site may be asked by another: cutting knowledge costs work, and nobody may have more of it than a site in need asks for.</summary>
internal sealed class PullLimit(TimeProvider time, int mostPerMinute)
{
    private readonly Dictionary<WorkerId, Queue<long>> pulls = [];

    /// <summary>True where the worker may be served now; it has used up one of its turns then.</summary>
    public bool Take(WorkerId worker)
    {
        if (!pulls.TryGetValue(worker, out var times))
        {
            pulls[worker] = times = new Queue<long>();
        }

        while (times.TryPeek(out var oldest) && time.GetElapsedTime(oldest) > TimeSpan.FromMinutes(1))
        {
            times.Dequeue();
        }

        if (times.Count >= mostPerMinute)
        {
            return false;
        }

        times.Enqueue(time.GetTimestamp());
        return true;
    }
}
