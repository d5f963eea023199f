namespace FlameEdge.Topology.Reading;

/// <summary>The datasets of a job, and which of them an entry of the file made.</summary>
internal sealed class DatasetTable(SpecProblems problems)
{
    private readonly Dictionary<string, IReadOnlyList<DatasetId>> entries = new(StringComparer.Ordinal);

    /// <summary>All datasets, in the order of the file.</summary>
    public Dictionary<DatasetId, DatasetSpec> All { get; } = [];

    /// <summary>Adds what one entry made.</summary>
    public void Add(SpecScalar entry, IReadOnlyList<DatasetSpec> datasets)
    {
        foreach (var dataset in datasets.Where(dataset => !All.TryAdd(dataset.Id, dataset)))
        {
            problems.Add(entry, $"two datasets are named '{dataset.Id}'; rename an entry, or merge its devices (merge: true)");
        }

        if (!entries.TryAdd(entry.Text, [.. datasets.Select(dataset => dataset.Id)]))
        {
            problems.Add(entry, $"two entries of datasets are named '{entry.Text}'; rename one of them");
        }
    }

    /// <summary>One dataset; a device may be named as it was written.</summary>
    public LocatedName Mention(SpecScalar name) => All.ContainsKey(new(name.Text)) ? LocatedName.Of(name) : Naming.Mention(name);

    /// <summary>One dataset, or all that the entry of this name made.</summary>
    public IEnumerable<LocatedName> MentionAll(SpecScalar name) =>
        !All.ContainsKey(new(name.Text)) && entries.TryGetValue(name.Text, out var made)
            ? made.Select(id => new LocatedName(id.Value, name))
            : [Mention(name)];
}
