using FlameEdge.Federated.Sampling;
using FlameEdge.Parameters;

namespace FlameEdge.Federated;

/// <summary>What a round is about, fixed before its first update exists.</summary>
/// <param name="Run">The aggregator's run.</param>
/// <param name="Round">From 1.</param>
/// <param name="Base">SHA-256 of the model's values.</param>
/// <param name="Step">The fixed point of the sum.</param>
/// <param name="Ticket">Which of the requests for this model it answers, below an asynchronous top; else 0.</param>
/// <param name="Plan">The coordinator's plan it goes by; 0 where nobody coordinates.</param>
/// <param name="Pace">What a sampler asks of the clients; null without one.</param>
internal sealed record RoundTerms(string Run, int Round, string Base, SumStep Step, int Ticket = 0, int Plan = 0, Pace? Pace = null)
{
    /// <summary>The head of a model that goes out so long after the first.</summary>
    public ModelHead Head(TimeSpan remaining, string? against, TimeSpan elapsed = default) => new()
    {
        Run = Run,
        Base = Base,
        Against = against,
        Ticket = Ticket,
        Plan = Plan,
        LossThreshold = Pace?.LossThreshold,
        PaceSeconds = Pace?.Deadline is { } pace ? Math.Max(0, (pace - elapsed).TotalSeconds) : null,
        RemainingSeconds = Math.Max(0, remaining.TotalSeconds),
        StepExponent = Step.Exponent,
        WeightLimit = Step.WeightLimit,
        LargestValue = Step.LargestValue,
    };
}
