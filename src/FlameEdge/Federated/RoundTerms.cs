using FlameEdge.Parameters;

namespace FlameEdge.Federated;

/// <summary>What a round is about, fixed before its first update exists.</summary>
/// <param name="Run">The aggregator's run.</param>
/// <param name="Round">From 1.</param>
/// <param name="Base">SHA-256 of the model's values.</param>
/// <param name="Step">The fixed point of the sum.</param>
/// <param name="Ticket">Which of the requests for this model it answers, below an asynchronous top; else 0.</param>
/// <param name="Plan">The coordinator's plan it goes by; 0 where nobody coordinates.</param>
internal sealed record RoundTerms(string Run, int Round, string Base, SumStep Step, int Ticket = 0, int Plan = 0)
{
    public ModelHead Head(TimeSpan remaining, string? against) => new()
    {
        Run = Run,
        Base = Base,
        Against = against,
        Ticket = Ticket,
        Plan = Plan,
        RemainingSeconds = Math.Max(0, remaining.TotalSeconds),
        StepExponent = Step.Exponent,
        WeightLimit = Step.WeightLimit,
        LargestValue = Step.LargestValue,
    };
}
