namespace FlameEdge.Federated.Aggregation;

/// <summary>What the updates of one round came to: the server's side of an algorithm needs nothing else.</summary>
public readonly ref struct RoundChange
{
    /// <summary>Means of a round's changes, of the model's length.</summary>
    public RoundChange(ReadOnlySpan<float> mean) => Mean = mean;

    /// <summary>Mean of the clients' changes (trained − received), weighted as the optimizer asks.</summary>
    public ReadOnlySpan<float> Mean { get; init; }

    /// <summary>Mean of the second vector of each update, for algorithms that send one (SCAFFOLD's change of control variate); else empty.</summary>
    public ReadOnlySpan<float> MeanSecond { get; init; }

    /// <summary>Mean of all that came behind the change, whatever the algorithm sends there; else empty.</summary>
    public ReadOnlySpan<float> MeanBeside { get; init; }

    /// <summary>Mean of the updates' work ‖a‖₁ with the same weights, for FedNova: its τ_eff.</summary>
    public double MeanWork { get; init; } = 1;

    /// <summary>Share of all clients of the job that were counted: |S| / N, in (0, 1].</summary>
    public double Participation { get; init; } = 1;

    /// <summary>The part of the vectors in a range of the model.</summary>
    internal RoundChange Part(int offset, int length) => this with
    {
        Mean = Mean.Slice(offset, length),
        MeanSecond = MeanSecond.IsEmpty ? default : MeanSecond.Slice(offset, length),
    };
}
