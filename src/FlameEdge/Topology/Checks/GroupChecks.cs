using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>
/// Workers of a group must find somebody: both sides of a pair have members. A group nobody joins is only an allowed name, and a group of one among
/// equals has nothing to exchange but works.
/// </summary>
internal static class GroupChecks
{
    public static void Check(GraphIndex graph)
    {
        var members = CountMembers(graph);
        foreach (var channel in graph.Channels)
        {
            if (channel.Pair is not [var first, var second] || graph.Role(first.Value) is null || graph.Role(second.Value) is null)
            {
                continue;
            }

            foreach (var group in channel.Groups)
            {
                var here = members.GetValueOrDefault((channel.Name.Value, group.Value, first.Value));
                var there = members.GetValueOrDefault((channel.Name.Value, group.Value, second.Value));
                if (here.Count > 0 != there.Count > 0)
                {
                    var (present, presentRole, absentRole) = here.Count > 0 ? (here, first, second) : (there, second, first);
                    graph.Problems.Add(present.Node!, $"{channel}: group '{group.Value}' has {present.Count} of role '{presentRole.Value}' but nobody of role '{absentRole.Value}'; let '{absentRole.Value}' join it too, or remove it");
                }
            }
        }

        CheckQuorum(graph, members);
    }

    private static Dictionary<(string Channel, string Group, string Role), (int Count, SpecNode? Node)> CountMembers(GraphIndex graph)
    {
        var members = new Dictionary<(string, string, string), (int Count, SpecNode? Node)>();
        foreach (var role in graph.Roles)
        {
            foreach (var association in role.Resolved.Where(association => association.WorkerCount > 0))
            {
                foreach (var (channel, group) in association.Groups)
                {
                    var key = (channel.Value, group.Value, role.Name.Value);
                    var known = members.GetValueOrDefault(key);
                    members[key] = (known.Count + association.WorkerCount, known.Node ?? association.Node);
                }
            }
        }

        return members;
    }

    private static void CheckQuorum(GraphIndex graph, Dictionary<(string Channel, string Group, string Role), (int Count, SpecNode? Node)> members)
    {
        if (graph.Job is not { QuorumNode: { } node, Rounds.Quorum: { } quorum } || members.Count == 0)
        {
            return;
        }

        var uploaders = graph.Channels
            .SelectMany(channel => channel.FunctionTags ?? [], (channel, entry) => (channel, entry))
            .Where(pair => pair.entry.Tags.Any(tag => tag.Value == FunctionTags.Upload))
            .Select(pair => (pair.channel.Name.Value, pair.entry.Role.Value))
            .ToHashSet();
        var largest = members.Where(entry => uploaders.Contains((entry.Key.Channel, entry.Key.Role))).Select(entry => entry.Value.Count).DefaultIfEmpty().Max();
        if (largest > 0 && quorum > largest)
        {
            graph.Problems.Add(node, $"rounds: quorum is {quorum}, but no aggregator hears more than {largest} workers; lower it, or write 'all' or a share such as 80%");
        }
    }
}
