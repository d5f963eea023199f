using FlameEdge.Parameters;

namespace FlameEdge.Federated;

/// <summary>What a round is about, fixed before its first update exists.</summary>
/// <param name="Run">The aggregator's run.</param>
/// <param name="Round">From 1.</param>
/// <param name="Base">SHA-256 of the model's values.</param>
/// <param name="Step">The fixed point of the sum.</param>
internal sealed record RoundTerms(string Run, int Round, string Base, SumStep Step)
{
    public ModelHead Head(TimeSpan remaining, string? against) => new()
    {
        Run = Run,
        Base = Base,
        Against = against,
        RemainingSeconds = Math.Max(0, remaining.TotalSeconds),
        StepExponent = Step.Exponent,
        WeightLimit = Step.WeightLimit,
        LargestValue = Step.LargestValue,
    };
}
