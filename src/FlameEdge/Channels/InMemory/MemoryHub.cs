using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Channels.InMemory;

/// <summary>Where the in-memory channels of a process meet. Thread-safe.</summary>
public sealed class MemoryHub
{
    private readonly Lock gate = new();
    private readonly Dictionary<(JobId Job, ChannelName Channel, GroupName Group), Dictionary<WorkerId, MemoryChannel>> groups = [];

    /// <summary>Puts a worker into its group, in place of an older run of it, and introduces everybody.</summary>
    internal void Join(MemoryChannel newcomer)
    {
        lock (gate)
        {
            var members = MembersOf(newcomer.Endpoint);
            if (members.TryGetValue(newcomer.Endpoint.Self, out var former) && former != newcomer)
            {
                if (former.Endpoint.Incarnation > newcomer.Endpoint.Incarnation)
                {
                    throw new ChannelException($"worker {newcomer.Endpoint.Self} joins {newcomer.Endpoint.Channel} as run {newcomer.Endpoint.Incarnation} while run {former.Endpoint.Incarnation} is there; stop the older process")
                    {
                        Fault = ChannelFault.Fenced,
                    };
                }

                former.Fence();
            }

            members[newcomer.Endpoint.Self] = newcomer;
            foreach (var member in members.Values.Where(member => member != newcomer))
            {
                member.Meet(newcomer);
                newcomer.Meet(member);
            }
        }
    }

    /// <summary>Shows a member of its group, whose placement has changed, who is there.</summary>
    internal void Introduce(MemoryChannel member)
    {
        lock (gate)
        {
            var members = MembersOf(member.Endpoint);
            if (members.GetValueOrDefault(member.Endpoint.Self) != member)
            {
                return;
            }

            foreach (var other in members.Values.Where(other => other != member))
            {
                member.Meet(other);
            }
        }
    }

    /// <summary>Takes a worker out of its group, unless a newer run of it stands there.</summary>
    internal void Leave(MemoryChannel leaver)
    {
        lock (gate)
        {
            var members = MembersOf(leaver.Endpoint);
            if (members.GetValueOrDefault(leaver.Endpoint.Self) != leaver)
            {
                return;
            }

            members.Remove(leaver.Endpoint.Self);
            foreach (var member in members.Values)
            {
                member.Part(leaver);
            }
        }
    }

    private Dictionary<WorkerId, MemoryChannel> MembersOf(ChannelEndpoint endpoint)
    {
        var key = (endpoint.Job, endpoint.Channel, endpoint.Group);
        if (!groups.TryGetValue(key, out var members))
        {
            groups[key] = members = [];
        }

        return members;
    }
}
