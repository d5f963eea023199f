using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Flame;

/// <summary>Reads <c>datasets.json</c>, dataset id to metadata, entry by entry: a million of them never stand in memory as a tree.</summary>
internal static class FlameDatasets
{
    private const string FileName = "datasets.json";

    private static readonly string[] Keys =
        ["id", "userId", "name", "description", "url", "dataFormat", "realm", "computeId", "isPublic"];

    public static Dictionary<DatasetId, DatasetSpec> Read(string folder, SpecProblems problems)
    {
        var datasets = new Dictionary<DatasetId, DatasetSpec>();
        var path = Path.Combine(folder, FileName);
        if (SpecFile.ReadBytes(path, problems) is { } bytes)
        {
            var naming = new Naming(problems);
            JsonSpecReader.ReadMembers(bytes, path, problems, (key, node) => Add(datasets, naming, key, node, problems));
        }

        return datasets;
    }

    private static void Add(Dictionary<DatasetId, DatasetSpec> datasets, Naming naming, SpecScalar key, SpecNode node, SpecProblems problems)
    {
        if (SpecMapping.IsComment(key.Text))
        {
            return;
        }

        if (node is not SpecMapping mapping)
        {
            problems.Add(node, $"dataset '{key.Text}' is {node.Kind}, but must be a mapping of its metadata");
            return;
        }

        var metadata = new Fields(mapping, "dataset", Keys, problems);
        if (metadata.Text("id") is { Length: > 0 } id && id != key.Text)
        {
            problems.Add(metadata["id"]!, $"dataset '{key.Text}': its id says '{id}'; make both the same");
        }

        // A safe id needs no record of what it was called before; a million of them would double the memory.
        var safe = SafeName.IsSafe(key.Text) ? key.Text : naming.Loose(key, "dataset").Value;
        var agent = metadata.Scalar("computeId") is { Text.Length: > 0 } compute ? new AgentId(naming.Loose(compute, "agent").Value) : (AgentId?)null;
        if (!datasets.TryAdd(new(safe), new() { Id = new(safe), Agent = agent }))
        {
            problems.Add(key, $"two datasets would be named '{safe}'; rename one of them");
        }
    }
}
