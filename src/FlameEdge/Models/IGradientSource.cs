namespace FlameEdge.Models;

/// <summary>A capability of a trainer: its forward and backward passes can be called apart, so that a loss of the caller's own stands between them (joint training, fairness, significance).</summary>
public interface IGradientSource
{
    /// <summary>The values within the model that can be watched, in the order they are computed.</summary>
    IReadOnlyList<TapPoint> TapPoints { get; }

    /// <summary>Opens passes over the trainer's present parameters; <paramref name="taps"/> are names of tap points, watched on the way.</summary>
    /// <remarks>The model runs in evaluation form: nothing is dropped out, statistics stay. A pass belongs to its trainer: not thread-safe, and closed before it.</remarks>
    /// <exception cref="ArgumentException">There is no such tap point.</exception>
    IGradientPass OpenPass(IReadOnlyList<string> taps);
}

/// <summary>A value within a model that can be watched.</summary>
/// <param name="Name">The engine's name of the value.</param>
/// <param name="Kind">The operator or layer that computes it, such as <c>Relu</c>.</param>
/// <param name="Shape">Dimensions of one sample's part, without the batch axis.</param>
public sealed record TapPoint(string Name, string Kind, IReadOnlyList<int> Shape);

/// <summary>One forward pass, and then any number of backward passes over the same rows.</summary>
public interface IGradientPass : IDisposable
{
    /// <summary>Computes <paramref name="logits"/> [rows, classes] of <paramref name="samples"/> [rows, features], both row-major.</summary>
    void Forward(ReadOnlyMemory<float> samples, Span<float> logits);

    /// <summary>Values of tap <paramref name="tap"/> at the last forward pass, [rows, …its shape]; valid until the next pass.</summary>
    ReadOnlySpan<float> Activation(int tap);

    /// <summary>Goes back from <paramref name="logitGradients"/>, the outside loss's gradient of the logits [rows, classes].</summary>
    void Backward(ReadOnlySpan<float> logitGradients);

    /// <summary>The outside loss's gradient of tap <paramref name="tap"/> at the last backward pass, [rows, …its shape]; zero where no path leads to the logits.</summary>
    ReadOnlySpan<float> ActivationGradient(int tap);

    /// <summary>The outside loss's gradient of every parameter at the last backward pass, in layout order; zero for buffers.</summary>
    ReadOnlySpan<float> ParameterGradients { get; }

    /// <summary>Makes one step of the trainer's optimizer with such an outside gradient, on the rows of the last forward pass. Optimizer state goes on until the trainer loads or trains.</summary>
    void Step(ReadOnlySpan<float> logitGradients);
}

/// <summary>A capability of a trainer: a vector of its own is added to the gradient at every step, as SCAFFOLD's control variates and FedDyn's linear term are.</summary>
/// <seealso href="https://arxiv.org/abs/1910.06378">Karimireddy et al. 2020, algorithm 1, line 10</seealso>
public interface IGradientCorrection
{
    /// <summary>Adds <paramref name="correction"/> (layout order; values at buffers are not used) to every coming gradient; empty for none.</summary>
    /// <exception cref="ArgumentException">The length is neither 0 nor that of the layout.</exception>
    void SetCorrection(ReadOnlySpan<float> correction);
}
