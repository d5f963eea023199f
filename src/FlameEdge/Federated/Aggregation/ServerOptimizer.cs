using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>What all optimizers of a server have in common: the door, and the plain mean of buffers. A rule gives the step of trained values.</summary>
public abstract class ServerOptimizer : IServerOptimizer
{
    private readonly IReadOnlyList<LayoutRun> runs;
    private readonly ParameterLayout layout;
    private readonly List<StateVector> state = [];

    /// <summary>An optimizer of models of <paramref name="layout"/>.</summary>
    /// <exception cref="ArgumentException">The layout does not tell its tensors.</exception>
    protected ServerOptimizer(ParameterLayout layout) => (this.layout, runs) = (layout, LayoutRun.Of(layout));

    /// <inheritdoc/>
    public virtual UpdateWeighting Weighting { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<StateVector> State => state;

    /// <inheritdoc/>
    public virtual ReadOnlyMemory<float> Shared => default;

    /// <summary>True where every update carries a second vector.</summary>
    protected virtual bool NeedsSecond => false;

    /// <inheritdoc/>
    public void Step(in RoundChange round, Span<float> model)
    {
        this.layout.RequireLength(model);
        this.layout.RequireLength(round.Mean);
        RequireFinite(round.Mean);
        if (NeedsSecond)
        {
            this.layout.RequireLength(round.MeanSecond);
            RequireFinite(round.MeanSecond);
        }

        if (round.Participation is not (> 0 and <= 1) || !(round.MeanWork > 0) || !double.IsFinite(round.MeanWork))
        {
            throw new ArgumentException($"participation {round.Participation} must be in (0, 1] and mean work {round.MeanWork} positive and finite", nameof(round));
        }

        foreach (var run in runs)
        {
            var part = round.Part(run.Offset, run.Length);
            var values = model.Slice(run.Offset, run.Length);
            if (run.Kind == ParameterKind.Buffer)
            {
                TensorPrimitives.Add(values, part.Mean, values);
            }
            else
            {
                StepTrained(part, run.Offset, values);
            }
        }
    }

    /// <summary>The rule itself, for a range of trained values that begins at <paramref name="offset"/>: <paramref name="model"/> becomes the next one.</summary>
    protected abstract void StepTrained(in RoundChange round, int offset, Span<float> model);

    /// <summary>A vector of the model's length that goes on from round to round.</summary>
    protected Memory<float> AddState(string name, float initial = 0)
    {
        var values = new float[this.layout.Length];
        Array.Fill(values, initial);
        state.Add(new StateVector(name, values));
        return values;
    }

    /// <summary>Demands a setting that is finite and within its range.</summary>
    protected static float Require(double value, bool holds, string name, string range) =>
        holds && double.IsFinite(value) ? (float)value : throw new ArgumentOutOfRangeException(name, value, $"must be {range}");

    private static void RequireFinite(ReadOnlySpan<float> values)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw new ArgumentException("the mean of a round holds a value that is not finite; refuse such updates before they are averaged", nameof(values));
        }
    }
}
