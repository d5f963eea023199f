using FlameEdge.Topology.Reading;

namespace FlameEdge.Topology.Flame;

/// <summary>Flame's modelSpec in our terms: hyperparameters become training and round settings, and keep our defaults where they are silent.</summary>
internal sealed class FlameModelSpec
{
    private static readonly string[] TrainingKeys = ["learningRate", "weightDecay", "epochs", "batchSize"];

    public FlameModelSpec(SpecMapping? node, SpecProblems problems)
    {
        if (node is null)
        {
            return;
        }

        var spec = new Fields(node, "modelSpec", FlameKeys.ModelSpec, problems);
        if (spec.Mapping("baseModel") is { } baseModel)
        {
            _ = new Fields(baseModel, "baseModel", FlameKeys.BaseModel, problems);
        }

        if (spec.Mapping("registry") is { } registry)
        {
            _ = new Fields(registry, "registry", FlameKeys.Registry, problems);
        }

        Optimizer = Choice(spec, "optimizer");
        OptimizerSpec = new() { Kind = Optimizer?.Value ?? OptimizerSpec.Kind, Mu = Kwarg(spec, "mu"), Alpha = Kwarg(spec, "alpha"), Beta1 = Kwarg(spec, "beta_1"), Beta2 = Kwarg(spec, "beta_2"), Tau = Kwarg(spec, "tau"), Rate = Kwarg(spec, "eta") };
        Selector = Choice(spec, "selector");
        SelectorSpec = SelectorOf(Selector?.Value, spec);
        if (spec.Mapping("hyperparameters") is { } hyperparameters)
        {
            Training = SettingsReader.Training(Only(hyperparameters, TrainingKeys), Training, "hyperparameters", problems);
            Rounds = new() { Count = new Fields(Only(hyperparameters, "rounds"), "hyperparameters", ["rounds"], problems).Whole("rounds", 1) ?? 1 };
        }
    }

    public LocatedName? Optimizer { get; }

    /// <summary>Its settings by Flame's names for them; what it leaves open has the published default here.</summary>
    public OptimizerSpec OptimizerSpec { get; } = new();

    public LocatedName? Selector { get; }

    /// <summary>Those of Flame's selectors that say how many; everybody elsewhere.</summary>
    public SelectorSpec SelectorSpec { get; } = SelectorSpec.Everybody;

    /// <summary>One epoch in batches of 16, as Flame's workers assume.</summary>
    public TrainingSpec Training { get; } = new() { BatchSize = 16 };

    /// <summary>One round, as Flame's workers assume.</summary>
    public RoundSpec Rounds { get; } = new() { Count = 1 };

    private static LocatedName? Choice(Fields spec, string key)
    {
        if (spec.Mapping(key) is not { } node)
        {
            return null;
        }

        // What stands under kwargs is free, comments included.
        var fields = new Fields(node, key, FlameKeys.Choice, spec.Problems);
        return fields.Scalar("sort") is { Text.Length: > 0 } sort ? LocatedName.Of(sort) : null;
    }

    private static SelectorSpec SelectorOf(string? sort, Fields spec) => (sort, Kwarg(spec, sort == SelectorSpec.Oort ? "aggr_num" : "k", "selector")) switch
    {
        (SelectorSpec.Random or SelectorSpec.Oort, { } count) when count >= 1 => new() { Kind = sort!, Count = (int)Math.Min(1_000_000, count) },
        _ => SelectorSpec.Everybody,
    };

    private static double? Kwarg(Fields spec, string key, string choice = "optimizer") =>
        spec.Mapping(choice)?["kwargs"] is SpecMapping kwargs && kwargs[key] is SpecScalar scalar && Fields.TryNumber(scalar, out var value) && value > 0 ? value : null;

    /// <summary>Hyperparameters are a free map; these keys are ours.</summary>
    private static SpecMapping Only(SpecMapping node, params string[] keys) =>
        new(node.Position, node.Entries.Where(entry => keys.Contains(entry.Key.Text)));
}
