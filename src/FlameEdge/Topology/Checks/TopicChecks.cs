using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>The longest topic of a job, from the lengths of its names alone.</summary>
public static class TopicLength
{
    /// <summary>Longest topic accepted, in bytes: some brokers refuse more.</summary>
    public const int Limit = 256;

    private const string Prefix = "flameedge/data/";

    /// <summary>Bytes of the longest <c>{prefix}/data/{job}/{channel}/{group}/{agent}/{worker}/{to}</c> that workers of the channel can publish to.</summary>
    public static int OnChannel(JobSpec job, ChannelSpec channel)
    {
        var ends = new[] { channel.Pair.First, channel.Pair.Second }.Select(name => Names(job, name)).ToArray();
        var group = ends.Max(end => end.Group(channel.Name));
        var route = Math.Max(ends[0].Sender + ends[1].Worker, ends[1].Sender + ends[0].Worker);
        return Prefix.Length + job.Name.Value.Length + channel.Name.Value.Length + group + route + "////".Length;
    }

    private static (int Sender, int Worker, Func<ChannelName, int> Group) Names(JobSpec job, RoleName name)
    {
        var role = job.Graph.Roles.First(role => role.Name == name);
        var datasets = role.DatasetGroups.Values.SelectMany(ids => ids);
        var count = role.IsDataConsumer ? role.DatasetGroups.Values.Sum(ids => ids.Count) : role.Replica * role.GroupAssociation.Count;
        var worker = WorkerId.Of(name, Math.Max(0, count - 1)).Value.Length;
        var agent = datasets.Select(id => job.Datasets[id].Agent?.Value.Length ?? worker).DefaultIfEmpty(worker).Max();
        return (agent + "/".Length + worker, worker, channel => role.GroupAssociation.Max(association => association[channel].Value.Length));
    }
}

/// <summary>Refuses channels whose topics would be too long.</summary>
internal static class TopicChecks
{
    public static void Check(GraphIndex graph, JobSpec job)
    {
        foreach (var channel in job.Graph.Channels)
        {
            if (TopicLength.OnChannel(job, channel) is var bytes and > TopicLength.Limit)
            {
                var at = graph.Channel(channel.Name.Value)!.Name.Node;
                graph.Problems.Add(at, $"channel '{channel.Name}': its longest topic has {bytes} bytes, above {TopicLength.Limit}; shorten the names of the job, channel, group, roles or devices");
            }
        }
    }
}
