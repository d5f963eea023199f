using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Which aggregators may share a group without a coordinator, and what cannot stand beside that.</summary>
internal static class ReplicaChecks
{
    private static readonly HashSet<string> Aggregators = [Programs.Aggregator, Programs.MiddleAggregator, Programs.AsynchronousAggregator];

    public static void Check(GraphIndex graph)
    {
        foreach (var role in graph.Roles.Where(role => Aggregators.Contains(ProgramOf(graph, role)) && !graph.TagsOf(role).Contains(FunctionTags.Coordinate)))
        {
            var below = Tagged(graph, role, FunctionTags.Distribute);
            if (below is not null && HasEquals(role, below))
            {
                Check(graph, role, below);
            }
        }
    }

    private static void Check(GraphIndex graph, RoleDraft role, ChannelDraft below)
    {
        if (Tagged(graph, role, FunctionTags.Fetch) is not { } above)
        {
            graph.Problems.Add(role.Name.Node, $"{role}: several workers of it share a group of {below}, and each would keep a model and a record of its own; keep one (killed, it goes on with --resume), or give the replicas to a role between it and the trainers");
            return;
        }

        var lower = below.Pair.Select(end => graph.Role(end.Value)).FirstOrDefault(other => other is not null && other != role);
        if (lower is not null && ProgramOf(graph, lower) is Programs.MiddleAggregator or Programs.AsynchronousAggregator or Programs.HybridTrainer)
        {
            graph.Problems.Add(role.Name.Node, $"{role}: its replicas share {lower}, and only trainers choose among replicas; give the replicas to the role right above the trainers, or add a coordinator");
        }

        var places = role.Resolved.GroupBy(association => association.Groups.GetValueOrDefault(new(below.Name.Value)));
        if (places.FirstOrDefault(place => place.Select(association => association.Groups.GetValueOrDefault(new(above.Name.Value))).Distinct().Count() > 1) is { } split)
        {
            graph.Problems.Add(split.First().Node, $"{role}: workers that share group '{split.Key}' of {below} stand for each other, but are in different groups of {above}; put them into one");
        }

        foreach (var channel in new[] { below, above }.Where(channel => channel.SelectorSpec.Kind != SelectorSpec.All))
        {
            graph.Problems.Add(channel.Selector?.Node ?? channel.Name.Node, $"{channel}: selector: {channel.SelectorSpec.Kind} and the trainers' choice among the replicas of {role} would both say who takes part; remove it");
        }

        if (below.DownCodec.IsDelta)
        {
            graph.Problems.Add(below.Name.Node, $"{below}: codec 'delta' sends what changed since the round before, which a trainer that comes from another replica lacks; leave delta out");
        }

        if (graph.Job.SecureAggregation is not null)
        {
            graph.Problems.Add(graph.Job.Root, $"secureAggregation agrees on masks within a group that stays as it is, and trainers move among the replicas of {role}; remove one of them");
        }
    }

    private static string ProgramOf(GraphIndex graph, RoleDraft role) => role.Program?.Value ?? Programs.ThatFits(new(role.Name.Value), graph.TagsOf(role));

    private static bool HasEquals(RoleDraft role, ChannelDraft below) =>
        role.Resolved.GroupBy(association => association.Groups.GetValueOrDefault(new(below.Name.Value))).Any(group => group.Sum(association => association.WorkerCount) > 1);

    private static ChannelDraft? Tagged(GraphIndex graph, RoleDraft role, string tag) =>
        graph.ChannelsOf(role).FirstOrDefault(channel => channel.FunctionTags?.Any(entry => entry.Role.Value == role.Name.Value && entry.Tags.Any(word => word.Value == tag)) == true);
}
