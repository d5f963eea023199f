namespace FlameEdge.Topology.Reading;

/// <summary>Reads <c>personal</c>.</summary>
internal static class PersonalReader
{
    private static readonly Dictionary<string, string[]> Kinds = new(StringComparer.Ordinal)
    {
        [PersonalSpec.FedPer] = ["tensors"],
        [PersonalSpec.Ditto] = ["lambda"],
        [PersonalSpec.FineTune] = ["steps"],
    };

    /// <summary>What is asked for; null where nothing is said, or where it is wrong (reported).</summary>
    public static PersonalSpec? Read(SpecMapping? node, SpecProblems problems)
    {
        if (node is null)
        {
            return null;
        }

        var fields = new Fields(node, "personal", JobKeys.Personal, problems);
        if (new AggregationReader(problems).KindOf(fields, Kinds) is not { } kind)
        {
            return null;
        }

        if (!Kinds.TryGetValue(kind.Text, out var keys))
        {
            problems.Add(kind, $"personal: unknown kind '{kind.Text}'; use {string.Join(", ", Kinds.Keys)}{problems.Hint(kind.Text, Kinds.Keys)}");
            return null;
        }

        if (keys.FirstOrDefault(key => fields[key] is null) is { } missing)
        {
            problems.Add(node, $"personal: {kind.Text} needs {missing}; write personal: {{ kind: {kind.Text}, {missing}: {(missing == "tensors" ? "[head]" : missing == "lambda" ? "0.1" : "20")} }}");
            return null;
        }

        return new()
        {
            Kind = kind.Text,
            Tensors = [.. fields.Scalars("tensors").Select(name => name.Text)],
            Lambda = fields.Number("lambda", value => value >= 0, "a number of at least 0") ?? 0,
            Steps = fields.Whole("steps", 1) ?? 0,
            HoldOut = fields.Number("holdOut", value => value is >= 0 and < 1, "a number from 0 to below 1") ?? 0,
        };
    }
}
