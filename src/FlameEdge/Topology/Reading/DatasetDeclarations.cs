namespace FlameEdge.Topology.Reading;

/// <summary>Reads a device's list of the datasets it has on board, written as in job files.</summary>
public static class DatasetDeclarations
{
    /// <summary>The datasets by name; <paramref name="problems"/> takes what cannot be.</summary>
    /// <param name="list">The list.</param>
    /// <param name="folder">The folder that relative paths start from.</param>
    /// <param name="problems">Takes everything found.</param>
    public static IReadOnlyDictionary<DatasetId, DatasetSpec> Read(SpecSequence list, string folder, SpecProblems problems) =>
        new DatasetReader(new Naming(problems), folder, seed: 0, problems).Read(list).All;
}
