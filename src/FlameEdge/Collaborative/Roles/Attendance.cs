using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Who of the plan is here, who has said that its stream is over, and whether anybody is left to wait for.</summary>
internal sealed class Attendance(Func<IEnumerable<WorkerId>> planned, TimeProvider time, TimeSpan patience)
{
    private readonly HashSet<WorkerId> here = [];
    private readonly HashSet<WorkerId> done = [];
    private readonly Dictionary<WorkerId, long> absent = [];
    private readonly long start = time.GetTimestamp();

    /// <summary>True while a worker is present.</summary>
    public bool IsHere(WorkerId worker) => here.Contains(worker);

    /// <summary>True while everybody of the plan is present.</summary>
    public bool IsComplete => planned().All(here.Contains);

    /// <summary>True where everybody of the plan is done, or has been away for longer than patience goes.</summary>
    public bool IsOver => planned().All(worker => done.Contains(worker) || (!here.Contains(worker) && time.GetElapsedTime(absent.GetValueOrDefault(worker, start)) > patience));

    /// <summary>A worker's stream is over.</summary>
    public void Done(WorkerId worker) => done.Add(worker);

    /// <summary>Somebody came or went.</summary>
    public void Note(ChannelEvent item)
    {
        if (item is PeerJoined)
        {
            here.Add(item.Worker);
        }
        else if (item is PeerLeft)
        {
            here.Remove(item.Worker);
            absent[item.Worker] = time.GetTimestamp();
        }
    }
}
