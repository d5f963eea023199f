using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>
/// Fills in what our own format lets the author leave out, where there is only one way to mean it: associations from the channels' groups,
/// and which datasets a data consumer learns from. What cannot be derived is reported once and stays null.
/// </summary>
internal static class AssociationDerivation
{
    public static void Derive(GraphIndex graph)
    {
        var labels = new DatasetLabels(graph);
        foreach (var channel in graph.Channels)
        {
            if (channel.GroupLabel is { } label)
            {
                channel.Groups = [.. labels.ValuesOf(label).Select(value => new LocatedName(value, label.Node))];
            }
        }

        foreach (var role in graph.Roles)
        {
            role.Associations ??= Associations(graph, role, labels);
            if (role.IsDataConsumer)
            {
                role.DatasetGroups ??= DatasetGroups(graph, role, labels);
            }
        }
    }

    private static List<AssociationDraft>? Associations(GraphIndex graph, RoleDraft role, DatasetLabels labels)
    {
        var channels = graph.ChannelsOf(role);
        var labelled = channels.Where(channel => channel.GroupLabel is not null).ToList();
        var several = channels.Where(channel => channel.GroupLabel is null && channel.Groups.Count > 1).ToList();
        if (several.Count > 1 || (several.Count == 1 && labelled.Count > 0))
        {
            var names = string.Join(" and ", several.Concat(labelled).Select(channel => $"'{channel.Name.Value}'"));
            graph.Problems.Add(role.Name.Node, $"{role}: its groups cannot be derived, since channels {names} both have several; write its groupAssociation");
            return null;
        }

        if (labelled.Count > 0)
        {
            return FromLabels(graph, role, channels, labelled, labels);
        }

        var choices = several is [var only] ? only.Groups : [new LocatedName("", role.Name.Node)];
        return [.. choices.Select(choice => Association(role, channels, channel => channel.Groups.Count > 1 ? choice.Value : FirstGroup(channel)))];
    }

    private static List<AssociationDraft>? FromLabels(
        GraphIndex graph, RoleDraft role, IReadOnlyList<ChannelDraft> channels, List<ChannelDraft> labelled, DatasetLabels labels)
    {
        var kinds = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var dataset in role.IsDataConsumer ? labels.DatasetsOf(role) : labels.Datasets)
        {
            var values = labelled.Select(channel => labels.ValueOf(dataset, channel.GroupLabel!)).ToArray();
            if (Array.TrueForAll(values, value => value is not null))
            {
                kinds.TryAdd(string.Join('/', values), values!);
            }
        }

        if (!role.IsDataConsumer)
        {
            RefuseTwoParents(graph, role, labelled, kinds.Values);
        }

        return kinds.Count == 0 ? null : [.. kinds.Values.Select(values => Association(role, channels, channel =>
            labelled.IndexOf(channel) is var at and >= 0 ? values[at] : FirstGroup(channel)))];
    }

    /// <summary>A worker above a group must be one worker: its label value may not lead to two groups further up.</summary>
    private static void RefuseTwoParents(GraphIndex graph, RoleDraft role, List<ChannelDraft> labelled, IReadOnlyCollection<string[]> kinds)
    {
        for (var at = 0; at < labelled.Count; at++)
        {
            var channel = labelled[at];
            if (channel.Pair is not [_, var upper] || upper.Value != role.Name.Value)
            {
                continue;
            }

            var twice = kinds.GroupBy(values => values[at], StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
            if (twice is not null)
            {
                var parents = string.Join(" and ", twice.Select(values => $"'{string.Join('/', values.Where((_, other) => other != at))}'"));
                var label = channel.GroupLabel!;
                graph.Problems.Add(label.Node, $"{channel}: '{twice.Key}' of label '{label.Value}' is ambiguous for {role}: it leads to {parents}; give its datasets one parent, or write groupAssociation");
            }
        }
    }

    private static AssociationDraft Association(RoleDraft role, IReadOnlyList<ChannelDraft> channels, Func<ChannelDraft, string?> group) =>
        new(role.Name.Node, [.. channels.Select(channel => (channel.Name, new LocatedName(group(channel) ?? GroupName.Default.Value, role.Name.Node)))]);

    private static List<DatasetGroupDraft>? DatasetGroups(GraphIndex graph, RoleDraft role, DatasetLabels labels)
    {
        var datasets = labels.DatasetsOf(role);
        if (datasets.Count == 0)
        {
            return [];
        }

        if (role.Associations is not { Count: > 0 } associations)
        {
            return null;
        }

        if (associations is [var only])
        {
            var groups = only.Groups.Select(entry => entry.Group.Value).ToList();
            var label = groups.Contains(GroupName.Default.Value) || groups.Count == 0 ? GroupName.Default.Value : groups[0];
            return [new(new(label, role.Name.Node), datasets)];
        }

        var labelled = graph.ChannelsOf(role).FirstOrDefault(channel => channel.GroupLabel is not null && IsKey(channel, associations));
        if (labelled?.GroupLabel is not { } key)
        {
            graph.Problems.Add(role.Name.Node, $"{role}: it has several kinds of worker; say under its datasets which group learns from which, as in datasets: {{ eu: [d-0], us: [d-1] }}");
            return null;
        }

        // A dataset that does not exist has no label either; any group will do to have it reported.
        var fallback = labels.ValuesOf(key).FirstOrDefault(GroupName.Default.Value);
        return [.. datasets
            .GroupBy(dataset => labels.ValueOf(dataset, key) ?? fallback, StringComparer.Ordinal)
            .Select(group => new DatasetGroupDraft(new(group.Key, role.Name.Node), [.. group]))];
    }

    private static string? FirstGroup(ChannelDraft channel) => channel.Groups is [var first, ..] ? first.Value : null;

    private static bool IsKey(ChannelDraft channel, List<AssociationDraft> associations)
    {
        var values = associations.Select(association => association.Groups.FirstOrDefault(entry => entry.Channel.Value == channel.Name.Value).Group.Value).ToList();
        return values.Distinct(StringComparer.Ordinal).Count() == values.Count;
    }
}
