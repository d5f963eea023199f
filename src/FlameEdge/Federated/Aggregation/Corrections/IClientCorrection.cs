namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>
/// A client's part of an algorithm. Its local gradients become g(p) + <see cref="Proximal"/> (p − received) + correction: exactly what trainers offer through
/// <see cref="Topology.TrainingSpec.Proximal"/> and <see cref="Models.IGradientCorrection"/>, hence the same on every runtime. Not thread-safe; one per client.
/// </summary>
public interface IClientCorrection
{
    /// <summary>Strength of the pull towards the received model; 0 for none. The trainer is opened with it.</summary>
    double Proximal { get; }

    /// <summary>True where every update carries a second vector beside the change.</summary>
    bool SendsSecond { get; }

    /// <summary>What this client must keep from round to round; empty for nothing.</summary>
    IReadOnlyList<StateVector> State { get; }

    /// <summary>Before the local steps: writes the vector added to each gradient. False where it is zero, so that none need be set.</summary>
    /// <param name="shared">What came beside the model (<see cref="IServerOptimizer.Shared"/>); may be empty where the algorithm shares nothing.</param>
    /// <param name="correction">Of the model's length.</param>
    bool Begin(ReadOnlySpan<float> shared, Span<float> correction);

    /// <summary>After the local steps: writes what is sent, moves the state, and returns the update's work (‖a‖₁ of FedNova, else 1).</summary>
    /// <param name="work">The local steps.</param>
    /// <param name="change">The first vector of the update, of the model's length.</param>
    /// <param name="second">The second one where the algorithm has one, else empty.</param>
    double Complete(in LocalWork work, Span<float> change, Span<float> second);
}
