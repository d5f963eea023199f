using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What groups that sum around a ring need of the aggregator above them, and what cannot stand there.</summary>
internal static class HybridChecks
{
    public static void Check(GraphIndex graph)
    {
        foreach (var role in graph.Roles)
        {
            var rings = Tagged(graph, role, FunctionTags.RingAllReduce);
            var uppers = Tagged(graph, role, FunctionTags.Fetch);
            if (role.Program?.Value == Programs.HybridTrainer || (rings.Count > 0 && uppers.Count > 0))
            {
                Check(graph, role, rings, uppers);
            }
        }
    }

    private static void Check(GraphIndex graph, RoleDraft role, List<ChannelDraft> rings, List<ChannelDraft> uppers)
    {
        var (name, at) = (role.Name.Value, role.Program?.Node ?? role.Name.Node);
        if (!role.IsDataConsumer)
        {
            graph.Problems.Add(at, $"{role}: who sums around a ring learns from data; set isDataConsumer: true");
        }

        if (rings is not [var ring])
        {
            graph.Problems.Add(at, $"{role}: {Programs.HybridTrainer} sums over one channel among equals, and the job has {rings.Count}; give it one with pair: [{name}, {name}]");
            return;
        }

        if (uppers is not [var upper])
        {
            graph.Problems.Add(at, $"{role}: the leader of a ring sends its group's update over one channel, and the job has {uppers.Count}; give it one with pair: [{name}, aggregator]");
            return;
        }

        if (!Tagged(graph, role, FunctionTags.Upload).Contains(upper))
        {
            graph.Problems.Add(upper.Name.Node, $"{upper}: role '{name}' fetches here and must upload here too; give it funcTags [fetch, upload]");
        }

        foreach (var group in role.Resolved.Where(association => association.WorkerCount > 0).GroupBy(association => association.Groups.GetValueOrDefault(new(ring.Name.Value))))
        {
            var above = group.Select(association => association.Groups.GetValueOrDefault(new(upper.Name.Value)).Value).Distinct(StringComparer.Ordinal).ToList();
            if (above.Count > 1)
            {
                graph.Problems.Add(group.First().Node, $"{ring}: group '{group.Key}' has members in the groups {string.Join(" and ", above.Select(each => $"'{each}'"))} of {upper}, and only one leader; put its members into one of them");
            }
        }

        CheckAbove(graph, ring, upper);
    }

    private static void CheckAbove(GraphIndex graph, ChannelDraft ring, ChannelDraft upper)
    {
        if (upper.SelectorSpec.Kind != SelectorSpec.All)
        {
            graph.Problems.Add(upper.Selector?.Node ?? upper.Name.Node, $"{upper}: selector: {upper.SelectorSpec.Kind} chooses single workers, and below it groups of {ring} have one voice each; remove it");
        }

        if (upper.Pair.Select(end => graph.Role(end.Value)).FirstOrDefault(role => role?.Program?.Value == Programs.AsynchronousAggregator) is { } asynchronous)
        {
            graph.Problems.Add(asynchronous.Program!.Node, $"{upper}: groups of {ring} work in rounds, which {asynchronous} has not; leave program out, for an aggregator"); // not null: it was asked for.
        }
    }

    private static List<ChannelDraft> Tagged(GraphIndex graph, RoleDraft role, string tag) =>
        [.. graph.ChannelsOf(role).Where(channel => channel.FunctionTags?.Any(entry => entry.Role.Value == role.Name.Value && entry.Tags.Any(word => word.Value == tag)) == true)];
}
