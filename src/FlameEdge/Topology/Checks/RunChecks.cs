using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>What a job needs beyond a sound topology in order to run here: programs for its roles, and words that this version implements.</summary>
internal static class RunChecks
{
    public static void Check(GraphIndex graph, IReadOnlySet<string> programs, IReadOnlySet<RoleName>? rolesHere)
    {
        foreach (var role in graph.Roles.Where(role => rolesHere?.Contains(new(role.Name.Value)) != false))
        {
            var tags = graph.TagsOf(role).Distinct(StringComparer.Ordinal).ToArray();
            var program = role.Program?.Value ?? Programs.ThatFits(new(role.Name.Value), tags);
            if (!programs.Contains(program))
            {
                var why = role.Program is null ? $"no program on board fits its function tags ({string.Join(", ", tags)}); name one with program:" : $"the program '{program}' is not on board; use";
                graph.Problems.Add((role.Program ?? role.Name).Node, $"{role}: {why} {string.Join(", ", programs.Order(StringComparer.Ordinal))}{graph.Problems.Hint(program, programs)}");
            }
        }

        // Flame's jobs do not say which feature tells the groups of fedgft apart.
        Implemented(graph, "optimizer", graph.Job.Optimizer, [.. Vocabulary.Own.Optimizers.Where(kind => kind != OptimizerSpec.FedGft || graph.Job.OptimizerSpec.Fairness is not null)]);
        foreach (var channel in graph.Channels.Where(channel => channel.Selector?.Value != channel.SelectorSpec.Kind).DistinctBy(channel => channel.Selector?.Node))
        {
            // Flame's own words, and those that do not say how many.
            Implemented(graph, "selector", channel.Selector, [SelectorSpec.All, "default"]);
        }
    }

    private static void Implemented(GraphIndex graph, string what, LocatedName? word, string[] implemented)
    {
        // A word that no format knows has been reported already.
        if (word is { } given && !implemented.Contains(given.Value) && (graph.Job.Words.Optimizers.Contains(given.Value) || graph.Job.Words.Selectors.Contains(given.Value)))
        {
            graph.Problems.Add(given.Node, $"the {what} '{given.Value}' is Flame's and does not run here yet; use {string.Join(" or ", implemented)}");
        }
    }
}
