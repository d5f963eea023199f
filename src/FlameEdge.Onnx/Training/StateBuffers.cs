using System.Numerics.Tensors;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Parameters;

namespace FlameEdge.Onnx.Training;

/// <summary>A trainer's parameters, buffers and optimizer state, in memory that sessions read and write in place. Not thread-safe.</summary>
/// <remarks>There are two sets: each step reads one and writes the other, and no value is copied. One would not do: the runtime may write the next weights before the backward pass has read the present ones.</remarks>
internal sealed class StateBuffers(ParameterLayout layout, StepRule rule) : IDisposable
{
    private readonly StepState[] _sides = [new StepState(layout, rule.Optimizer.Slots.Count), new StepState(layout, rule.Optimizer.Slots.Count)];

    /// <summary>Names, shapes and offsets within <see cref="Parameters"/>.</summary>
    public ParameterLayout Layout => layout;

    /// <summary>Which of the two sets holds the present state.</summary>
    public int Current { get; private set; }

    /// <summary>Steps since the optimizer's state was zero.</summary>
    public long StepCount { get; private set; }

    /// <summary>The present parameters and buffers, in the order of the layout; valid until the next step.</summary>
    public Span<float> Parameters => _sides[Current].Parameters;

    /// <summary>What the proximal term pulls towards; null where the rule has none.</summary>
    public TensorSet? Anchor { get; } = rule.Proximal > 0 ? new TensorSet(layout) : null;

    /// <summary>What is added to every gradient, scaled as the optimizer wants it; null until there is such a thing.</summary>
    public TensorSet? Correction { get; private set; }

    /// <summary>One of the two sets.</summary>
    public StepState Side(int index) => _sides[index];

    /// <summary>Begins anew from what <see cref="Parameters"/> holds now: no optimizer state, and this is the anchor.</summary>
    public void Received()
    {
        ResetOptimizer();
        if (Anchor is not null)
        {
            Parameters.CopyTo(Anchor.Values);
        }
    }

    /// <summary>Sets the optimizer's state to zero.</summary>
    public void ResetOptimizer()
    {
        StepCount = 0;
        _sides[Current].ClearSlots();
    }

    /// <summary>The other set holds the present state now.</summary>
    public void Advance()
    {
        Current = 1 - Current;
        StepCount++;
    }

    /// <summary>Sets what is added to every gradient.</summary>
    public void Correct(ReadOnlySpan<float> correction)
    {
        Correction ??= new TensorSet(layout);
        TensorPrimitives.Multiply(correction, rule.Optimizer.GradientScale, Correction.Values);
    }

    public void Dispose()
    {
        foreach (var side in _sides)
        {
            side.Dispose();
        }

        Anchor?.Dispose();
        Correction?.Dispose();
    }
}
