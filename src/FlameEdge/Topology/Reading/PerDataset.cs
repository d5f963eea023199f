namespace FlameEdge.Topology.Reading;

/// <summary>Gives labels and agents to the datasets an entry made: one value for all, a list in their order, or a mapping from part or device.</summary>
internal sealed class PerDataset(Fields fields, Naming naming, IReadOnlyList<(string Original, DatasetSpec Dataset)> made)
{
    public IReadOnlyList<DatasetSpec> Complete()
    {
        var agents = fields["agents"] is { } node ? Values(node, "agents") : [];
        var labels = new List<(string Label, SpecScalar?[] Values)>();
        foreach (var (key, value) in fields.Mapping("labels")?.Entries ?? [])
        {
            if (!SpecMapping.IsComment(key.Text))
            {
                labels.Add((key.Text, Values(value, $"labels '{key.Text}'")));
            }
        }

        return [.. made.Select((one, at) => one.Dataset with
        {
            Agent = agents.ElementAtOrDefault(at) is { } agent ? new AgentId(naming.Loose(agent, "agent").Value) : one.Dataset.Agent,
            Labels = LabelsOf(labels, at) ?? one.Dataset.Labels,
        })];
    }

    private static Dictionary<string, string>? LabelsOf(List<(string Label, SpecScalar?[] Values)> labels, int at)
    {
        Dictionary<string, string>? own = null;
        foreach (var (label, values) in labels)
        {
            if (values[at] is { } value)
            {
                (own ??= new(StringComparer.Ordinal))[label] = value.Text;
            }
        }

        return own;
    }

    private SpecScalar?[] Values(SpecNode node, string key)
    {
        var values = new SpecScalar?[made.Count];
        switch (node)
        {
            case SpecScalar { IsNull: false } one:
                Array.Fill(values, one);
                break;
            case SpecSequence { Items: var items } when items.Count != made.Count:
                fields.Wrong(node, key, $"{made.Count} values, one per dataset of this entry, and not {items.Count}; or one value for all");
                break;
            case SpecSequence { Items: var items }:
                for (var at = 0; at < items.Count; at++)
                {
                    values[at] = Single(items[at], key);
                }

                break;
            case SpecMapping mapping:
                ByName(mapping, key, values);
                break;
            default:
                fields.Wrong(node, key, "a value, a list of values, or values by part or device");
                break;
        }

        return values;
    }

    private void ByName(SpecMapping mapping, string key, SpecScalar?[] values)
    {
        var positions = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var at = 0; at < made.Count; at++)
        {
            positions.TryAdd(made[at].Dataset.Id.Value, at);
            positions.TryAdd(made[at].Original, at);
        }

        foreach (var (name, value) in mapping.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text)))
        {
            if (positions.TryGetValue(name.Text, out var at))
            {
                values[at] = Single(value, key);
            }
            else
            {
                fields.Problems.Add(name, $"dataset '{fields.Text("name")}': {key} names the unknown part or device '{name.Text}'; use one of this entry's{fields.Problems.Hint(name.Text, positions.Keys)}");
            }
        }
    }

    private SpecScalar? Single(SpecNode node, string key)
    {
        if (node is SpecScalar { IsNull: false } scalar)
        {
            return scalar;
        }

        fields.Wrong(node, key, "a single value");
        return null;
    }
}
