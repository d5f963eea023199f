namespace FlameEdge.Topology.Reading;

/// <summary>Reads <c>optimizer</c> and <c>robust</c>: a word, or a mapping with the word under <c>kind</c> and its settings. A setting of another kind is refused.</summary>
internal sealed class AggregationReader(SpecProblems problems)
{
    private const string Kind = "kind";

    /// <summary>Which settings belong to an optimizer's kind.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Optimizers = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["fedavg"] = ["rate"],
        ["fedavgm"] = ["rate", "momentum", "nesterov"],
        ["fedadagrad"] = ["rate", "beta1", "tau", "initialV"],
        ["fedadam"] = ["rate", "beta1", "beta2", "tau", "initialV"],
        ["fedyogi"] = ["rate", "beta1", "beta2", "tau", "initialV"],
        [OptimizerSpec.FedProx] = ["rate", "mu"],
        [OptimizerSpec.FedDyn] = ["alpha"],
        [OptimizerSpec.Scaffold] = ["rate"],
        [OptimizerSpec.FedNova] = [],
        [OptimizerSpec.FedGft] = ["rate", .. FairnessReader.Keys],
    };

    private static readonly Dictionary<string, string[]> Rules = new(StringComparer.Ordinal)
    {
        ["norm-clipping"] = ["norm"],
        ["median"] = [],
        ["trimmed-mean"] = ["trim"],
        ["krum"] = ["attackers"],
        ["multi-krum"] = ["attackers", "keep"],
        ["bulyan"] = ["attackers"],
        ["geometric-median"] = [],
    };

    /// <summary>The optimizer's word and settings; the default where nothing is said. Whether the word exists is checked with the format's other words.</summary>
    public (LocatedName? Word, OptimizerSpec Spec) Optimizer(SpecNode? node)
    {
        if (node is not SpecMapping mapping)
        {
            return Word(node, "optimizer") is { } word ? (word, WithNeeded(word.Node, new OptimizerSpec { Kind = word.Value }, isAlone: true)) : (null, new());
        }

        var fields = new Fields(mapping, "optimizer", JobKeys.Optimizer, problems);
        if (KindOf(fields, Optimizers) is not { } kind)
        {
            return (null, new());
        }

        const string Share = "a number from 0 to below 1";
        var spec = new OptimizerSpec
        {
            Kind = kind.Text,
            Rate = Positive(fields, "rate"),
            Momentum = fields.Number("momentum", value => value is >= 0 and < 1, Share),
            Nesterov = fields.Flag("nesterov"),
            Beta1 = fields.Number("beta1", value => value is >= 0 and < 1, Share),
            Beta2 = fields.Number("beta2", value => value is >= 0 and < 1, Share),
            Tau = Positive(fields, "tau"),
            InitialV = fields.Number("initialV", value => value >= 0, "a number of at least 0"),
            Alpha = Positive(fields, "alpha"),
            Mu = Positive(fields, "mu"),
            Fairness = kind.Text == OptimizerSpec.FedGft ? FairnessReader.Read(fields, problems) : null,
        };
        return (LocatedName.Of(kind), WithNeeded(kind, spec));
    }

    /// <summary>The robust rule; null where nothing is said, or where it is wrong (reported).</summary>
    public RobustSpec? Robust(SpecNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var fields = new Fields(node as SpecMapping ?? new SpecMapping(node.Position, []), "robust", JobKeys.Robust, problems);
        var kind = node is SpecMapping ? KindOf(fields, Rules)?.Text : Word(node, "robust")?.Value;
        if (kind is null)
        {
            return null;
        }

        if (!Rules.TryGetValue(kind, out var needed))
        {
            problems.Add(node, $"robust: unknown kind '{kind}'; use {string.Join(", ", Rules.Keys)}{problems.Hint(kind, Rules.Keys)}");
            return null;
        }

        if (needed.FirstOrDefault(key => fields[key] is null && key != "keep") is { } missing)
        {
            problems.Add(node, $"robust: {kind} needs {missing}; write robust: {{ kind: {kind}, {missing}: {(missing == "norm" ? "1.0" : "1")} }}");
            return null;
        }

        return new()
        {
            Kind = kind,
            Norm = Positive(fields, "norm") ?? 0,
            Trim = fields.Whole("trim", 1, 1 << 20) ?? 0,
            Attackers = fields.Whole("attackers", 1, 1 << 20) ?? 0,
            Keep = fields.Whole("keep", 1, 1 << 20) ?? 1,
        };
    }

    // The strength of the pull has no default that would fit two datasets.
    private OptimizerSpec WithNeeded(SpecNode at, OptimizerSpec spec, bool isAlone = false)
    {
        if (isAlone && spec.Kind == OptimizerSpec.FedGft)
        {
            problems.Add(at, "optimizer: fedgft needs fair and feature; write optimizer: { kind: fedgft, fair: sp, feature: age, above: 0.5 }");
        }

        if (spec is { Kind: OptimizerSpec.FedProx, Mu: null })
        {
            problems.Add(at, "optimizer: fedprox needs mu; write optimizer: { kind: fedprox, mu: 0.01 }");
        }

        if (spec is { Kind: "fedavgm", Nesterov: true, Momentum: 0 })
        {
            problems.Add(at, "optimizer: nesterov needs a momentum above 0; set momentum, such as 0.9, or remove nesterov");
        }

        return spec;
    }

    /// <summary>The word under <c>kind</c>; settings of other kinds are reported.</summary>
    internal SpecScalar? KindOf(Fields fields, IReadOnlyDictionary<string, string[]> kinds)
    {
        if (JobReader.Required(fields, Kind, $"use {string.Join(", ", kinds.Keys)}") is not { } kind)
        {
            return null;
        }

        if (kinds.TryGetValue(kind.Text, out var known))
        {
            foreach (var entry in fields.Node.Entries.Where(entry => entry.Key.Text != Kind && kinds.Values.Any(keys => keys.Contains(entry.Key.Text)) && !known.Contains(entry.Key.Text)))
            {
                var owners = kinds.Where(other => other.Value.Contains(entry.Key.Text)).Select(other => other.Key);
                problems.Add(entry.Key, $"{fields.Element}: {entry.Key.Text} belongs to kind: {string.Join(" or ", owners)}; remove it");
            }
        }

        return kind;
    }

    /// <summary>A word alone.</summary>
    internal LocatedName? Word(SpecNode? node, string element)
    {
        if (node is SpecScalar { IsNull: false } scalar)
        {
            return LocatedName.Of(scalar);
        }

        if (node is not null)
        {
            problems.Add(node, $"{element} is {node.Kind}, but must be a word, or a mapping with kind");
        }

        return null;
    }

    private static double? Positive(Fields fields, string key) => fields.Number(key, value => value > 0, "a number above 0");
}
