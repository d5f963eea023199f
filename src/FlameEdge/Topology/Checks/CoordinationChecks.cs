using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What a coordinator must meet to decide anything, and what cannot stand beside its decisions.</summary>
internal static class CoordinationChecks
{
    /// <summary>The tags of a channel to a role with the program <c>coordinator</c>, which its author need not write; null for another channel.</summary>
    public static List<(LocatedName Role, IReadOnlyList<LocatedName> Tags)>? TagsOf(GraphIndex graph, ChannelDraft channel)
    {
        if (channel.Pair is not [var first, var second] || IsCoordinator(first) == IsCoordinator(second))
        {
            return null;
        }

        var (coordinator, other) = IsCoordinator(first) ? (first, second) : (second, first);
        var isLower = graph.Channels.Any(edge => edge.Pair is [var lower, var upper] && lower.Value == other.Value && upper.Value != other.Value && !IsCoordinator(upper));
        var towards = graph.Role(other.Value) is { IsDataConsumer: true } ? FunctionTags.CoordinateWithTrainer : isLower ? FunctionTags.CoordinateWithMiddle : FunctionTags.CoordinateWithTop;
        return [(other, [new(FunctionTags.Coordinate, channel.Name.Node)]), (coordinator, [new(towards, channel.Name.Node)])];

        bool IsCoordinator(LocatedName end) => graph.Role(end.Value)?.Program?.Value == Programs.Coordinator;
    }

    public static void Check(GraphIndex graph)
    {
        foreach (var role in graph.Roles.Where(role => (role.Program?.Value ?? Programs.ThatFits(new(role.Name.Value), graph.TagsOf(role))) == Programs.Coordinator))
        {
            CheckRole(graph, role);
        }

        var coordinated = graph.Roles.Where(role => graph.TagsOf(role).Contains(FunctionTags.Coordinate)).ToList();
        foreach (var channel in graph.Channels.Where(channel => coordinated.Exists(role => channel.Pair.Any(end => end.Value == role.Name.Value))))
        {
            CheckChannel(graph, channel);
        }

        if (coordinated.Count > 0 && graph.Job.SecureAggregation is not null)
        {
            graph.Problems.Add(graph.Job.Root, "secureAggregation agrees on masks within a group that stays as it is, and a coordinator moves trainers between groups; remove one of them");
        }
    }

    private static void CheckRole(GraphIndex graph, RoleDraft role)
    {
        var tags = graph.TagsOf(role).ToList();
        foreach (var (tag, whom) in new[] { (FunctionTags.CoordinateWithTop, "the top aggregator"), (FunctionTags.CoordinateWithMiddle, "the aggregators in the middle"), (FunctionTags.CoordinateWithTrainer, "the trainers") })
        {
            var count = tags.Count(word => word == tag);
            if (count != 1)
            {
                graph.Problems.Add(role.Name.Node, $"{role}: it coordinates and has {count} channels to {whom} ({tag}); give it one, as in {{ name: plans, pair: [{role.Name.Value}, …] }}");
            }
        }

        var workers = role.Replica * (role.Associations?.Count ?? 1);
        if (workers != 1)
        {
            graph.Problems.Add(role.Name.Node, $"{role}: {workers} coordinators would decide about the same workers; keep one, with replica 1 and one groupAssociation");
        }
    }

    private static void CheckChannel(GraphIndex graph, ChannelDraft channel)
    {
        if (channel.SelectorSpec.Kind != SelectorSpec.All)
        {
            graph.Problems.Add(channel.Selector?.Node ?? channel.Name.Node, $"{channel}: selector: {channel.SelectorSpec.Kind} and a coordinator would both say who takes part; remove one of them");
        }

        if (channel.DownCodec.IsDelta)
        {
            graph.Problems.Add(channel.Name.Node, $"{channel}: codec 'delta' sends what changed since the round before, which those a coordinator moves or leaves out lack; leave delta out, or the coordinator");
        }
    }
}
