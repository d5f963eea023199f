using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Looks up every channel and group that a role's associations name; what remains is one complete association per kind of worker.</summary>
internal static class AssociationChecks
{
    public static void Check(GraphIndex graph)
    {
        foreach (var role in graph.Roles)
        {
            var channels = graph.ChannelsOf(role);
            if (channels.Count == 0)
            {
                graph.Problems.Add(role.Name.Node, $"{role} stands on no channel; name it in the pair of one, or remove it");
                continue;
            }

            // Null: they could not be derived, and the reason has been reported.
            if (role.Associations is not { } associations)
            {
                continue;
            }

            if (associations.Count == 0)
            {
                graph.Problems.Add(role.Name.Node, $"{role} expands to nobody: it has no groupAssociation; name its group on each of its channels ({NamesOf(channels)})");
                continue;
            }

            foreach (var association in associations)
            {
                role.Resolved.Add(Resolve(graph, role, channels, association));
            }
        }
    }

    private static ResolvedAssociation Resolve(GraphIndex graph, RoleDraft role, IReadOnlyList<ChannelDraft> channels, AssociationDraft association)
    {
        var named = new Dictionary<string, LocatedName>(StringComparer.Ordinal);
        foreach (var (channel, group) in association.Groups)
        {
            if (IsChannelOf(graph, role, channels, channel))
            {
                named[channel.Value] = group;
            }
        }

        var groups = new Dictionary<ChannelName, GroupName>(channels.Count);
        foreach (var channel in channels)
        {
            var allowed = graph.GroupsOf(channel);
            if (!named.TryGetValue(channel.Name.Value, out var group))
            {
                // Flame silently falls back to 'default', even where the channel does not allow it.
                if (!allowed.Contains(GroupName.Default.Value))
                {
                    graph.Problems.Add(association.Node, $"{role}: this groupAssociation names no group for {channel}; name one of {Few(allowed)}");
                }

                group = new(GroupName.Default.Value, association.Node);
            }
            else if (!allowed.Contains(group.Value))
            {
                graph.Problems.Add(group.Node, $"{role}: unknown group '{group.Value}' of {channel}; add it to the channel's groupBy, or use one of {Few(allowed)}{graph.Problems.Hint(group.Value, allowed)}");
            }

            groups.TryAdd(new(channel.Name.Value), new(group.Value));
        }

        return new(association.Node, groups);
    }

    private static bool IsChannelOf(GraphIndex graph, RoleDraft role, IReadOnlyList<ChannelDraft> channels, LocatedName name)
    {
        if (channels.Any(channel => channel.Name.Value == name.Value))
        {
            return true;
        }

        graph.Problems.Add(name.Node, graph.Channel(name.Value) is null
            ? $"{role}: unknown channel '{name.Value}' in its groupAssociation; its channels are {NamesOf(channels)}{graph.Problems.Hint(name.Value, graph.ChannelNames)}"
            : $"{role}: its groupAssociation names channel '{name.Value}', whose pair does not hold the role; its channels are {NamesOf(channels)}");
        return false;
    }

    private static string NamesOf(IReadOnlyList<ChannelDraft> channels) =>
        channels.Count == 0 ? "none" : string.Join(", ", channels.Select(channel => channel.Name.Value));

    private static string Few(HashSet<string> names) =>
        names.Count == 0 ? "none" : string.Join(", ", names.Take(8)) + (names.Count > 8 ? ", …" : "");
}
