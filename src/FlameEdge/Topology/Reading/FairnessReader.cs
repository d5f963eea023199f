namespace FlameEdge.Topology.Reading;

/// <summary>Reads what <c>optimizer: { kind: fedgft }</c> says of fairness.</summary>
internal static class FairnessReader
{
    /// <summary>The keys that belong to it.</summary>
    public static readonly string[] Keys = ["fair", "gamma", "reg", "feature", "above", "positive"];

    /// <summary>What is asked for; null where something is missing or wrong (reported).</summary>
    public static FairnessSpec? Read(Fields fields, SpecProblems problems)
    {
        if (fields["fair"] is null || fields["feature"] is null)
        {
            problems.Add(fields.Node, "optimizer: fedgft needs fair and feature; write optimizer: { kind: fedgft, fair: sp, feature: age, above: 0.5 }");
            return null;
        }

        var fair = fields.OneOf("fair", [FairnessSpec.Parity, FairnessSpec.Opportunity, FairnessSpec.Calibration]);
        var penalty = fields.OneOf("reg", [FairnessSpec.Squared, FairnessSpec.Absolute]);
        var gamma = fields.Text("gamma") is null or "auto" ? null : fields.Number("gamma", value => value >= 0, "auto, or a number of at least 0");
        return fair is null || fields.Text("feature") is not { } feature ? null : new()
        {
            Fair = fair,
            Feature = feature,
            Above = fields.Number("above") ?? 0.5,
            Gamma = gamma,
            Penalty = penalty ?? FairnessSpec.Squared,
            Positive = fields.Whole("positive", 0, 1_000_000) ?? 1,
        };
    }
}
