using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>A value from the command line that stands above the file's: <c>--set rounds.count=3</c>.</summary>
public sealed record SpecOverride(string Path, SpecNode Value);

/// <summary>Puts overrides into a tree before it is bound, so that they are checked like everything else.</summary>
internal static class SpecOverrides
{
    /// <param name="root">The tree.</param>
    /// <param name="overrides">What to set: a declared parameter, or a dotted path; items of a list are named by their <c>name</c> or index.</param>
    /// <param name="rootKeys">Known keys at the top.</param>
    /// <param name="problems">Takes paths that lead nowhere.</param>
    public static void Apply(SpecMapping root, IEnumerable<SpecOverride> overrides, IReadOnlyCollection<string> rootKeys, SpecProblems problems)
    {
        var parameters = root["parameters"] as SpecMapping;
        foreach (var one in overrides)
        {
            var steps = one.Path.Split('.');
            if (parameters?[one.Path] is not null)
            {
                parameters.Set(Key(one, one.Path), one.Value);
            }
            else if (!rootKeys.Contains(steps[0]))
            {
                var known = (parameters?.Entries.Select(entry => entry.Key.Text) ?? []).Concat(rootKeys).ToArray();
                problems.Add(one.Value, $"unknown name '{steps[0]}'; set a parameter or a path that starts with one of {string.Join(", ", known)}{problems.Hint(steps[0], known)}");
            }
            else if (Descend(root, steps, one, problems) is { } parent)
            {
                Set(parent, steps[^1], one, problems);
            }
        }
    }

    private static SpecNode? Descend(SpecMapping root, string[] steps, SpecOverride one, SpecProblems problems)
    {
        SpecNode? current = root;
        foreach (var step in steps.AsSpan(0, steps.Length - 1))
        {
            if (current is SpecMapping mapping && mapping[step] is null or SpecScalar { IsNull: true })
            {
                mapping.Set(Key(one, step), new SpecMapping(one.Value.Position, []));
            }

            current = current switch
            {
                SpecMapping parent => parent[step],
                SpecSequence items => Item(items, step, one, problems),
                _ => LeadsNowhere(step, current, one, problems),
            };
            if (current is null)
            {
                return null;
            }
        }

        return current;
    }

    private static void Set(SpecNode parent, string key, SpecOverride one, SpecProblems problems)
    {
        if (parent is SpecMapping mapping)
        {
            mapping.Set(Key(one, key), one.Value);
        }
        else
        {
            LeadsNowhere(key, parent, one, problems);
        }
    }

    private static SpecNode? Item(SpecSequence items, string name, SpecOverride one, SpecProblems problems)
    {
        var named = items.Items.OfType<SpecMapping>().FirstOrDefault(item => item["name"] is SpecScalar scalar && scalar.Text == name);
        if (named is not null)
        {
            return named;
        }

        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < items.Items.Count)
        {
            return items.Items[at];
        }

        var names = items.Items.OfType<SpecMapping>().Select(item => item["name"]).OfType<SpecScalar>().Select(scalar => scalar.Text).ToArray();
        problems.Add(one.Value, $"no item is named '{name}'; there are {string.Join(", ", names.Take(10))}{problems.Hint(name, names)}");
        return null;
    }

    private static SpecNode? LeadsNowhere(string key, SpecNode at, SpecOverride one, SpecProblems problems)
    {
        problems.Add(one.Value, $"'{key}' cannot be set inside {at.Kind}; name a key of a mapping");
        return null;
    }

    private static SpecScalar Key(SpecOverride one, string key) => new(one.Value.Position, key);
}
