namespace FlameEdge.Topology.Reading;

/// <summary>Reads a channel's <c>selector</c>: a word, or a mapping with the word under <c>kind</c> and its settings.</summary>
internal sealed class SelectorReader(string channel, SpecProblems problems)
{
    /// <summary>Which settings belong to a kind.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Kinds = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        [SelectorSpec.All] = [],
        [SelectorSpec.Random] = ["count", "overSelect"],
        [SelectorSpec.PowerOfChoice] = ["count", "overSelect", "of"],
        [SelectorSpec.Oort] = ["count", "overSelect", "exploration", "explorationDecay", "leastExploration", "cutOff", "stragglerPenalty", "preferredDuration", "pacerStep", "pacerWindow"],
        [SelectorSpec.Deadline] = ["count", "overSelect", "within"],
        [SelectorSpec.Budget] = ["bytes"],
        [SelectorSpec.Poisson] = ["rate"],
    };

    /// <summary>The word and its settings; everybody where nothing is said. Whether the word exists is checked with the format's other words.</summary>
    public (LocatedName? Word, SelectorSpec Spec) Read(SpecNode? node)
    {
        var (words, element) = (new AggregationReader(problems), $"{channel}: selector");
        if (node is not SpecMapping mapping)
        {
            return words.Word(node, element) is { } word ? (word, Needed(word, new() { Kind = word.Value }, static _ => false)) : (null, SelectorSpec.Everybody);
        }

        var fields = new Fields(mapping, element, JobKeys.Selector, problems);
        if (words.KindOf(fields, Kinds) is not { } kind)
        {
            return (null, SelectorSpec.Everybody);
        }

        const string Share = "a number from 0 to 1";
        var usual = SelectorSpec.Everybody;
        return (LocatedName.Of(kind), Needed(LocatedName.Of(kind), new()
        {
            Kind = kind.Text,
            Count = fields.Whole("count", 1, 1_000_000) ?? 0,
            OverSelect = fields.Number("overSelect", value => value is >= 1 and <= 100, "a number from 1 to 100") ?? usual.OverSelect,
            Of = fields.Whole("of", 1, 1_000_000) ?? 0,
            Within = fields.Duration("within"),
            Bytes = FleetReader.Bytes(fields, "bytes") ?? 0,
            Rate = fields.Number("rate", value => value is > 0 and <= 1, "a number above 0, at most 1") ?? 0,
            Exploration = fields.Number("exploration", value => value is >= 0 and <= 1, Share) ?? usual.Exploration,
            ExplorationDecay = fields.Number("explorationDecay", value => value is > 0 and <= 1, "a number above 0, at most 1") ?? usual.ExplorationDecay,
            LeastExploration = fields.Number("leastExploration", value => value is >= 0 and <= 1, Share) ?? usual.LeastExploration,
            CutOff = fields.Number("cutOff", value => value is > 0 and <= 1, "a number above 0, at most 1") ?? usual.CutOff,
            StragglerPenalty = fields.Number("stragglerPenalty", value => value >= 0, "a number of at least 0") ?? usual.StragglerPenalty,
            PreferredDuration = fields.Duration("preferredDuration") ?? usual.PreferredDuration,
            PacerStep = fields.Duration("pacerStep") ?? usual.PacerStep,
            PacerWindow = fields.Whole("pacerWindow", 1, 10_000) ?? usual.PacerWindow,
        }, key => fields[key] is not null));
    }

    // How many are to be chosen has no default that would fit two fleets.
    private SelectorSpec Needed(LocatedName kind, SelectorSpec spec, Func<string, bool> isSaid)
    {
        var keys = Kinds.GetValueOrDefault(spec.Kind) ?? [];
        if (keys.FirstOrDefault(key => key is "count" or "of" or "bytes" or "rate" && !isSaid(key)) is { } missing)
        {
            problems.Add(kind.Node, $"{channel}: selector: {spec.Kind} needs {missing}; write selector: {{ kind: {spec.Kind}, {Example(spec.Kind)} }}");
        }
        else if (keys.Contains("of") && spec.Of > 0 && spec.Of < spec.Drawn)
        {
            problems.Add(kind.Node, $"{channel}: selector: of is {spec.Of}, fewer than the {spec.Drawn} that are chosen of them; raise it");
        }

        return spec;
    }

    private static string Example(string kind) => kind switch
    {
        SelectorSpec.Budget => "bytes: 10MB",
        SelectorSpec.Poisson => "rate: 0.1",
        SelectorSpec.PowerOfChoice => "count: 5, of: 10",
        _ => "count: 5",
    };
}
