using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What each channel must say for itself: two known roles, function tags for both, words that exist.</summary>
internal static class ChannelChecks
{
    public static void Check(GraphIndex graph)
    {
        foreach (var channel in graph.Channels)
        {
            CheckPair(graph, channel);
            CheckGroups(graph, channel);
            CheckFunctionTags(graph, channel);
            CheckWord(graph, $"{channel}: unknown backend", channel.Backend, graph.Job.Words.Backends);
            CheckWord(graph, $"{channel}: unknown selector", channel.Selector, graph.Job.Words.Selectors);
        }

        foreach (var channel in graph.Channels.Where(channel => channel.DownCodec.IsDelta))
        {
            CheckDelta(graph, channel);
        }

        CheckWord(graph, "unknown backend", graph.Job.Backend, graph.Job.Words.Backends);
        CheckWord(graph, "unknown optimizer", graph.Job.Optimizer, graph.Job.Words.Optimizers);
    }

    /// <summary>Reports a word that is not among <paramref name="known"/>.</summary>
    public static void CheckWord(GraphIndex graph, string what, LocatedName? word, IReadOnlyCollection<string> known)
    {
        if (word is { } given && !known.Contains(given.Value))
        {
            graph.Problems.Add(given.Node, $"{what} '{given.Value}'; use {string.Join(", ", known)}{graph.Problems.Hint(given.Value, known)}");
        }
    }

    // A middle aggregator that made deltas of its own could not make the same ones again after a restart; handing on those from above it can.
    private static void CheckDelta(GraphIndex graph, ChannelDraft channel)
    {
        foreach (var above in graph.Channels.Where(other => other.DownCodec != channel.DownCodec))
        {
            if (Roles(channel, FunctionTags.Distribute).Intersect(Roles(above, FunctionTags.Fetch)).FirstOrDefault() is { } middle)
            {
                graph.Problems.Add(channel.Name.Node, $"{channel}: codec '{channel.DownCodec}' goes down from role '{middle}', which itself fetches '{above.DownCodec}'; give {above} the same codec down, or leave delta out here");
            }
        }

        static IEnumerable<string> Roles(ChannelDraft channel, string tag) =>
            (channel.FunctionTags ?? []).Where(entry => entry.Tags.Any(word => word.Value == tag)).Select(entry => entry.Role.Value);
    }

    private static void CheckPair(GraphIndex graph, ChannelDraft channel)
    {
        if (channel.Pair.Count != 2)
        {
            graph.Problems.Add(channel.PairNode, $"{channel}: pair names {channel.Pair.Count} roles; name exactly two (the same twice for a channel among equals)");
        }

        foreach (var end in channel.Pair.Where(end => graph.Role(end.Value) is null))
        {
            graph.Problems.Add(end.Node, $"{channel}: pair names the unknown role '{end.Value}'; declare it under roles{graph.Problems.Hint(end.Value, graph.RoleNames)}");
        }
    }

    private static void CheckGroups(GraphIndex graph, ChannelDraft channel)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in channel.Groups.Where(group => !seen.Add(group.Value)))
        {
            graph.Problems.Add(group.Node, $"{channel}: the group '{group.Value}' is listed twice; list it once");
        }
    }

    private static void CheckFunctionTags(GraphIndex graph, ChannelDraft channel)
    {
        channel.FunctionTags ??= CoordinationChecks.TagsOf(graph, channel) ?? ByPosition(channel);
        foreach (var (role, tags) in channel.FunctionTags)
        {
            if (channel.Pair.All(end => end.Value != role.Value))
            {
                graph.Problems.Add(role.Node, $"{channel}: funcTags names '{role.Value}', which is not of its pair; name the roles of the pair{graph.Problems.Hint(role.Value, channel.Pair.Select(end => end.Value))}");
            }

            // A program of the user's own may speak tags of its own.
            var isOwn = graph.Role(role.Value)?.Program is { } program && !Programs.BuiltIn.Contains(program.Value);
            foreach (var tag in tags.Where(tag => !isOwn && !FunctionTags.Known.Contains(tag.Value)))
            {
                graph.Problems.Add(tag.Node, $"{channel}: unknown function tag '{tag.Value}' of role '{role.Value}'; use {string.Join(", ", FunctionTags.Known.Take(11))}{graph.Problems.Hint(tag.Value, FunctionTags.Known)}");
            }
        }

        foreach (var end in channel.Pair.DistinctBy(end => end.Value))
        {
            if (!channel.FunctionTags.Any(entry => entry.Role.Value == end.Value && entry.Tags.Count > 0))
            {
                graph.Problems.Add(channel.Name.Node, $"{channel}: funcTags are missing for role '{end.Value}'; say what it does here, such as [fetch, upload]");
            }
        }
    }

    private static List<(LocatedName Role, IReadOnlyList<LocatedName> Tags)> ByPosition(ChannelDraft channel)
    {
        if (channel.Pair is not [var lower, var upper])
        {
            return [.. channel.Pair.Select(end => (end, Tags(channel, FunctionTags.Fetch)))];
        }

        return lower.Value == upper.Value
            ? [(lower, Tags(channel, FunctionTags.RingAllReduce))]
            : [(lower, Tags(channel, FunctionTags.Fetch, FunctionTags.Upload)), (upper, Tags(channel, FunctionTags.Distribute, FunctionTags.Aggregate))];
    }

    private static IReadOnlyList<LocatedName> Tags(ChannelDraft channel, params string[] tags) =>
        [.. tags.Select(tag => new LocatedName(tag, channel.Name.Node))];
}
