namespace FlameEdge.Topology.Reading;

/// <summary>Reads how an entry's features are standardized, and finds the sources whose statistics count.</summary>
internal sealed class StandardizeReader(Fields dataset, Dictionary<string, IReadOnlyList<SourceSpec>> pools, IReadOnlyList<SourceSpec> own)
{
    public StandardizeSpec Read()
    {
        if (dataset["standardize"] is not SpecMapping node)
        {
            var kind = dataset.OneOf("standardize", ["none", "local", "pooled"]) ?? "none";
            return new() { Kind = kind, Pool = kind == "pooled" ? own : [] };
        }

        var fields = new Fields(node, "standardize", JobKeys.Standardize, dataset.Problems);
        return fields.Scalar("like") is { } like ? Like(fields, like) : Given(fields);
    }

    private StandardizeSpec Like(Fields fields, SpecScalar like)
    {
        if (!pools.TryGetValue(like.Text, out var pool))
        {
            fields.Problems.Add(like, $"standardize: like names the unknown entry '{like.Text}'; use the name of an entry of datasets{fields.Problems.Hint(like.Text, pools.Keys)}");
        }

        if (fields["mean"] is not null || fields["deviation"] is not null)
        {
            fields.Problems.Add(like, "standardize: give either like, or mean and deviation");
        }

        return new() { Kind = "pooled", Pool = pool ?? [] };
    }

    private static StandardizeSpec Given(Fields fields)
    {
        var mean = fields.Numbers("mean");
        var deviation = fields.Numbers("deviation");
        if (mean.Count == 0 || mean.Count != deviation.Count)
        {
            fields.Problems.Add(fields.Node, $"standardize: mean has {mean.Count} values and deviation {deviation.Count}; give one of each per feature");
        }

        return new() { Kind = "given", Mean = mean, Deviation = deviation };
    }
}
