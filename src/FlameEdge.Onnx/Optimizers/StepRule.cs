using FlameEdge.Topology;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>How a gradient becomes a step: what is added to it, how long it may be, and the optimizer's rule.</summary>
/// <param name="Optimizer">The rule.</param>
/// <param name="Proximal">Strength of the pull towards the anchor; 0 for none.</param>
/// <param name="ClipNorm">Longest gradient over all parameters; null for any length.</param>
/// <param name="IsCorrected">True where a vector from outside is added to the gradient.</param>
internal sealed record StepRule(IOptimizer Optimizer, float Proximal = 0, float? ClipNorm = null, bool IsCorrected = false)
{
    /// <summary>The rule that a job states.</summary>
    public static StepRule Of(TrainingSpec training) => new(
        training.Optimizer == OptimizerKind.Sgd
            ? new SgdOptimizer(training.LearningRate, training.Momentum, training.Nesterov, training.WeightDecay)
            : new AdamOptimizer(
                training.LearningRate, training.Beta1, training.Beta2, training.Epsilon, training.WeightDecay, training.Optimizer == OptimizerKind.AdamW),
        (float)training.Proximal,
        (float?)training.ClipNorm);
}
