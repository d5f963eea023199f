namespace FlameEdge.Topology.Reading;

/// <summary>Reads <c>sampler</c>: a word, or a mapping with the word under <c>kind</c> and its settings.</summary>
internal static class SamplerReader
{
    private static readonly Dictionary<string, string[]> Kinds = new(StringComparer.Ordinal)
    {
        [SamplerSpec.FedBalancer] = ["window", "lossStep", "deadlineStep", "hardShare"],
    };

    /// <summary>What is asked for; null where nothing is said, or where it is wrong (reported).</summary>
    public static SamplerSpec? Read(SpecNode? node, SpecProblems problems)
    {
        if (node is null)
        {
            return null;
        }

        var (words, usual) = (new AggregationReader(problems), new SamplerSpec());
        var fields = new Fields(node as SpecMapping ?? new SpecMapping(node.Position, []), "sampler", JobKeys.Sampler, problems);
        var kind = node is SpecMapping ? words.KindOf(fields, Kinds) : words.Word(node, "sampler")?.Node as SpecScalar;
        if (kind is null)
        {
            return null;
        }

        if (!Kinds.ContainsKey(kind.Text))
        {
            problems.Add(kind, $"sampler: unknown kind '{kind.Text}'; use {string.Join(", ", Kinds.Keys)}{problems.Hint(kind.Text, Kinds.Keys)}");
            return null;
        }

        return new()
        {
            Kind = kind.Text,
            Window = fields.Whole("window", 1, 10_000) ?? usual.Window,
            LossStep = Share("lossStep") ?? usual.LossStep,
            DeadlineStep = Share("deadlineStep") ?? usual.DeadlineStep,
            HardShare = Share("hardShare") ?? usual.HardShare,
        };

        double? Share(string key) => fields.Number(key, value => value is >= 0 and <= 1, "a number from 0 to 1");
    }
}
