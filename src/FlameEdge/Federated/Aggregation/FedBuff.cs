using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Buffered asynchronous aggregation: buffer += d / √(1 + staleness); at K updates the mean buffer / K is the server's change of a round.</summary>
/// <remarks>
/// Staleness is the number of steps the model made since the update's base. The sum is divided by K, not by the sum of factors, and samples do not weigh, as
/// published. Buffers of the model (batch-norm statistics) are averaged without the factor. A bound on staleness is an addition to the paper. Not thread-safe.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/2106.06639">Nguyen et al. 2022, algorithm 1; the factor as in its experiments</seealso>
public sealed class FedBuff
{
    private readonly IServerOptimizer optimizer;
    private readonly IReadOnlyList<LayoutRun> runs;
    private readonly ParameterLayout layout;
    private readonly float[] buffer;
    private readonly int goal;
    private readonly long maxStaleness;

    /// <param name="layout">The model's.</param>
    /// <param name="optimizer">Makes the step; the paper's is <see cref="FedAvg"/> with its η.</param>
    /// <param name="goal">K, at least 1.</param>
    /// <param name="maxStaleness">Updates of larger staleness are refused; null for no bound.</param>
    public FedBuff(ParameterLayout layout, IServerOptimizer optimizer, int goal, long? maxStaleness = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(goal);
        ArgumentOutOfRangeException.ThrowIfNegative(maxStaleness ?? 0, nameof(maxStaleness));
        (this.layout, this.optimizer, this.goal, this.maxStaleness) = (layout, optimizer, goal, maxStaleness ?? long.MaxValue);
        runs = LayoutRun.Of(layout);
        this.buffer = new float[layout.Length];
        State = [new StateVector("buffer", this.buffer), .. optimizer.State];
    }

    /// <summary>The buffer and the optimizer's own; a checkpoint keeps <see cref="Version"/> and <see cref="Count"/> beside them.</summary>
    public IReadOnlyList<StateVector> State { get; }

    /// <summary>Steps the model has made.</summary>
    public long Version { get; private set; }

    /// <summary>Updates in the buffer.</summary>
    public int Count { get; private set; }

    /// <summary>Goes on from a checkpoint, whose vectors were copied into <see cref="State"/>.</summary>
    public void Restore(long version, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, this.goal);
        (Version, Count) = (version, count);
    }

    /// <summary>How much an update of this staleness counts: 1 / √(1 + staleness).</summary>
    public static double Factor(long staleness) => 1 / Math.Sqrt(1 + (double)staleness);

    /// <summary>Takes the change a client computed from the model of <paramref name="baseVersion"/>.</summary>
    /// <exception cref="ArgumentException">A length or version is wrong, a value is not finite, or the buffer is full and waits for <see cref="Step"/>.</exception>
    public UpdateFold Fold(ReadOnlySpan<float> change, long baseVersion)
    {
        this.layout.RequireLength(change);
        ArgumentOutOfRangeException.ThrowIfNegative(baseVersion);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(baseVersion, Version);
        if (!TensorPrimitives.IsFiniteAll(change))
        {
            throw new ArgumentException("an update holds a value that is not finite", nameof(change));
        }

        if (Count == this.goal)
        {
            throw new ArgumentException("the buffer is full: make the step first", nameof(change));
        }

        var staleness = Version - baseVersion;
        if (staleness > this.maxStaleness)
        {
            return UpdateFold.TooStale;
        }

        var factor = (float)Factor(staleness);
        foreach (var run in runs)
        {
            ParameterMath.AddScaled(change.Slice(run.Offset, run.Length), run.Kind == ParameterKind.Buffer ? 1 : factor, this.buffer.AsSpan(run.Offset, run.Length));
        }

        Count++;
        return Count == this.goal ? UpdateFold.Full : UpdateFold.Buffered;
    }

    /// <summary>Makes <paramref name="model"/> the next version and empties the buffer.</summary>
    /// <exception cref="InvalidOperationException">The buffer is not full.</exception>
    public void Step(Span<float> model)
    {
        if (Count < this.goal)
        {
            throw new InvalidOperationException($"the buffer holds {Count} updates of {this.goal}");
        }

        TensorPrimitives.Divide(this.buffer, this.goal, this.buffer);
        this.optimizer.Step(new RoundChange(this.buffer), model);
        Array.Clear(this.buffer);
        Count = 0;
        Version++;
    }
}
