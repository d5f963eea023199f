namespace FlameEdge.Federated.Aggregation;

/// <summary>The server's step: from what a round's updates came to, to the next model. Not thread-safe.</summary>
/// <remarks>Buffers of a model (running statistics of batch normalisation) have no gradient: every optimizer averages them plainly.</remarks>
public interface IServerOptimizer
{
    /// <summary>How updates weigh in the mean it is given.</summary>
    UpdateWeighting Weighting { get; }

    /// <summary>What a checkpoint keeps; empty for none.</summary>
    IReadOnlyList<StateVector> State { get; }

    /// <summary>What travels to the clients beside the model (SCAFFOLD's control variate); empty for nothing.</summary>
    ReadOnlyMemory<float> Shared { get; }

    /// <summary>Makes <paramref name="model"/> the next one.</summary>
    /// <exception cref="ArgumentException">A length is not that of the layout, or a value of the round is not finite; nothing was changed.</exception>
    void Step(in RoundChange round, Span<float> model);
}
