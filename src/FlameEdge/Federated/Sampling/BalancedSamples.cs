using FlameEdge.Federated.Aggregation;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Sampling;

/// <summary>
/// FedBalancer in a client: remembers the loss of each of its rows, chooses those to train on, and tells what its aggregator steers by. All rows are measured before the first training; later only
/// the chosen ones, under the model they are about to train. What it carries is kept with the update it belongs to (<see cref="ClientStep"/>). Not thread-safe but for <see cref="Tell"/>.
/// </summary>
internal sealed class BalancedSamples : IDisposable
{
    // Of the vector beside the losses.
    private const int Measured = 0, PerRow = 1, OnTheWay = 2;
    private const double Percentile = 0.8;
    private readonly SamplerSpec spec;
    private readonly TrainingSpec training;
    private readonly Dataset data;
    private readonly SampleLosses measure;
    private readonly float[] losses;
    private readonly float[] story = new float[3];
    private double secondsPerRow;
    private double onTheWay = -1;
    private int rows;

    /// <param name="spec">The job's.</param>
    /// <param name="trainer">Opened for <paramref name="data"/>.</param>
    /// <param name="data">All rows that may be learned from.</param>
    /// <param name="training">This worker's.</param>
    public BalancedSamples(SamplerSpec spec, ITrainer trainer, Dataset data, TrainingSpec training)
    {
        (this.spec, this.data, this.training) = (spec, data, training);
        measure = new SampleLosses(trainer, training);
        losses = new float[data.Count];
        State = [new StateVector("sample-losses", losses), new StateVector("sample-speed", story)];
    }

    /// <summary>What a client carries from round to round.</summary>
    public IReadOnlyList<StateVector> State { get; }

    /// <summary>Of the last training; null where a loss is not finite.</summary>
    public FedBalancerReport? Report { get; private set; }

    /// <summary>Takes the seconds that a model and its update were on their way, as the aggregator saw them.</summary>
    public void Tell(double? seconds)
    {
        if (seconds is >= 0 and <= float.MaxValue)
        {
            Volatile.Write(ref onTheWay, seconds.Value);
        }
    }

    /// <summary>Chooses, and trains on what was chosen.</summary>
    /// <param name="trainer">With the parameters training starts from.</param>
    /// <param name="threshold">The aggregator's.</param>
    /// <param name="left">Until the round's deadline; null for none.</param>
    /// <param name="seed">Of this training.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public TrainingResult Train(ITrainer trainer, double threshold, TimeSpan? left, ulong seed, CancellationToken cancellationToken)
    {
        var isFirst = story[Measured] == 0;
        if (isFirst)
        {
            measure.Measure(data, cancellationToken).CopyTo(losses, 0);
        }

        var chosen = FedBalancerSampler.Choose(losses, threshold, Fitting(left), spec.HardShare, new PortableRandom(Seeds.Derive(seed, "samples", 0)));
        rows = chosen.Length;
        var learned = rows == data.Count ? data : RowSplit.Rows(data, chosen);
        if (!isFirst)
        {
            var measured = measure.Measure(learned, cancellationToken);
            for (var i = 0; i < rows; i++)
            {
                losses[chosen[i]] = measured[i];
            }
        }

        story[Measured] = 1;
        Report = ReportOn(chosen);
        return trainer.Train(learned, seed, cancellationToken);
    }

    /// <summary>How long measuring and training took, waiting for a processor included; at least so long where it was stopped.</summary>
    public void Took(TimeSpan elapsed, bool isWhole)
    {
        if (rows > 0)
        {
            var now = elapsed.TotalSeconds / ((double)rows * training.Epochs);
            secondsPerRow = isWhole ? now : Math.Max(now, secondsPerRow);
            rows = 0;
        }

        (story[PerRow], story[OnTheWay]) = ((float)secondsPerRow, (float)Math.Max(0, Volatile.Read(ref onTheWay)));
    }

    /// <inheritdoc/>
    public void Dispose() => measure.Dispose();

    // A client that does not know its speed yet trains on all it has; nobody trains on less than a batch.
    private int Fitting(TimeSpan? left)
    {
        if (secondsPerRow == 0)
        {
            secondsPerRow = story[PerRow];
        }

        var known = Volatile.Read(ref onTheWay);
        return left is not { } deadline || secondsPerRow <= 0 ? data.Count
            : Math.Max(Math.Min(data.Count, training.BatchSize ?? 1), FedBalancerSampler.Trainable(deadline, TimeSpan.FromSeconds(known < 0 ? story[OnTheWay] : known), secondsPerRow, training.Epochs));
    }

    private FedBalancerReport? ReportOn(int[] chosen)
    {
        float[] sorted = [.. losses.Order()];
        var report = new FedBalancerReport(sorted[0], At(Percentile * (sorted.Length - 1)), chosen.Sum(row => (double)losses[row]), chosen.Length);
        return report.IsSound ? report : null;

        // Between two ranks in proportion.
        double At(double rank)
        {
            var below = (int)rank;
            var above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + ((rank - below) * ((double)sorted[above] - sorted[below]));
        }
    }
}
