using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>How a gradient becomes a step, over all parameters at once.</summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>Sets its state to zero.</summary>
    void Reset();

    /// <summary>Moves <paramref name="parameters"/> [count] in place; <paramref name="gradients"/> [count] may be spent on the way.</summary>
    void Step(Tensor parameters, Tensor gradients);
}
