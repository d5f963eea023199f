using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Checks;

/// <summary>Groups that come from labels of the datasets, such as <c>region: north</c>.</summary>
internal sealed class DatasetLabels(GraphIndex graph)
{
    // What data on board is labelled with is known once its devices are there; until then one group stands for all.
    private const string AnyGroup = "any";
    private readonly Dictionary<string, IReadOnlyList<LocatedName>> byRole = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> safe = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> original = new(StringComparer.Ordinal);
    private readonly HashSet<string> reported = new(StringComparer.Ordinal);
    private IReadOnlyList<LocatedName>? all;

    /// <summary>Every dataset somebody learns from.</summary>
    public IReadOnlyList<LocatedName> Datasets => all ??= [.. graph.Roles.Where(role => role.IsDataConsumer).SelectMany(DatasetsOf).DistinctBy(dataset => dataset.Value)];

    /// <summary>The datasets given to a data consumer; where none are named, all but the evaluation's go to the only one.</summary>
    public IReadOnlyList<LocatedName> DatasetsOf(RoleDraft role)
    {
        if (!byRole.TryGetValue(role.Name.Value, out var datasets))
        {
            datasets = role.DatasetGroups is { } groups
                ? [.. groups.SelectMany(group => group.Datasets)]
                : role.Datasets ?? AllOf(role);
            byRole.Add(role.Name.Value, datasets);
        }

        return datasets;
    }

    /// <summary>The groups a label makes, in the order of the datasets.</summary>
    public IEnumerable<string> ValuesOf(LocatedName label) =>
        Datasets.Select(dataset => ValueOf(dataset, label)).OfType<string>().Distinct(StringComparer.Ordinal);

    /// <summary>The group a dataset's label stands for; null where the dataset is unknown, has no such label, or its value makes no name (reported once).</summary>
    public string? ValueOf(LocatedName dataset, LocatedName label)
    {
        if (!graph.Job.Datasets.TryGetValue(new(dataset.Value), out var spec))
        {
            return null;
        }

        var labels = spec.Labels;
        if (spec.OnBoard is not null && !labels.ContainsKey(label.Value))
        {
            return AnyGroup;
        }

        if (!labels.TryGetValue(label.Value, out var value))
        {
            ReportOnce(label, $"groupBy label '{label.Value}': dataset '{dataset.Value}' has no such label; add it under the dataset's labels{graph.Problems.Hint(label.Value, labels.Keys)}");
            return null;
        }

        return safe.TryGetValue(value, out var known) ? known : MakeSafe(value, label);
    }

    private string? MakeSafe(string value, LocatedName label)
    {
        if (SafeName.From(value) is not { } name)
        {
            ReportOnce(label, $"groupBy label '{label.Value}': its value '{value}' cannot name a group; use letters a-z, digits and dashes, and none of {string.Join(", ", SafeName.Reserved)}");
            return null;
        }

        if (!original.TryAdd(name, value))
        {
            ReportOnce(label, $"groupBy label '{label.Value}': '{value}' and '{original[name]}' would both be the group '{name}'; rename one of them");
        }
        else if (name != value)
        {
            graph.Problems.Note($"'{value}' becomes '{name}' (group)");
        }

        safe.Add(value, name);
        return name;
    }

    private void ReportOnce(LocatedName label, string message)
    {
        if (reported.Add(label.Value))
        {
            graph.Problems.Add(label.Node, message);
        }
    }

    private IReadOnlyList<LocatedName> AllOf(RoleDraft role) => graph.Roles.Any(other => other.IsDataConsumer && other != role)
        ? []
        : [.. graph.Job.Datasets.Keys.Where(id => id.Value != graph.Job.Evaluation?.Value).Select(id => new LocatedName(id.Value, role.Name.Node))];
}
