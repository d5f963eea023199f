using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>What the clients' parts have in common: the door, and which values are trained at all.</summary>
public abstract class ClientCorrection : IClientCorrection
{
    private readonly List<StateVector> state = [];

    /// <summary>For models of <paramref name="layout"/>.</summary>
    protected ClientCorrection(ParameterLayout layout) => (Layout, Runs) = (layout, LayoutRun.Of(layout));

    /// <inheritdoc/>
    public virtual double Proximal => 0;

    /// <inheritdoc/>
    public virtual bool SendsSecond => false;

    /// <inheritdoc/>
    public IReadOnlyList<StateVector> State => this.state;

    private protected ParameterLayout Layout { get; }

    private protected IReadOnlyList<LayoutRun> Runs { get; }

    /// <inheritdoc/>
    public bool Begin(ReadOnlySpan<float> shared, Span<float> correction)
    {
        Layout.RequireLength(correction);
        return Correct(shared, correction);
    }

    /// <inheritdoc/>
    public double Complete(in LocalWork work, Span<float> change, Span<float> second)
    {
        Layout.RequireLength(work.Received);
        Layout.RequireLength(work.Trained);
        Layout.RequireLength(change);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(work.Steps, nameof(work));
        if (SendsSecond)
        {
            Layout.RequireLength(second);
        }

        ParameterMath.Delta(work.Received, work.Trained, change);
        return Finish(work, change, second);
    }

    /// <summary>Writes the correction; false where there is none, which is the rule of algorithms that only pull.</summary>
    protected virtual bool Correct(ReadOnlySpan<float> shared, Span<float> correction) => false;

    /// <summary>Moves the state and writes the rest of the update; <paramref name="change"/> is trained − received already.</summary>
    protected virtual double Finish(in LocalWork work, Span<float> change, Span<float> second) => 1;

    /// <summary>A vector of the model's length that goes on from round to round.</summary>
    protected Memory<float> AddState(string name)
    {
        var values = new float[Layout.Length];
        this.state.Add(new StateVector(name, values));
        return values;
    }
}
