using FlameEdge.Topology;

namespace FlameEdge.Models;

/// <summary>The loss of each row of some data under a trainer's present parameters: what guided selection and sampling go by. Not thread-safe; disposed before the trainer.</summary>
public sealed class SampleLosses : IDisposable
{
    private const int RowsAtOnce = 256;
    private readonly ITrainer trainer;
    private readonly TrainingSpec training;
    private readonly IGradientPass? pass;

    /// <param name="trainer">One that gives no outputs of single rows is asked row by row.</param>
    /// <param name="training">Says which loss.</param>
    public SampleLosses(ITrainer trainer, TrainingSpec training)
    {
        (this.trainer, this.training) = (trainer, training);
        pass = (trainer as IGradientSource)?.OpenPass([]);
    }

    /// <summary>The loss of every row, in their order.</summary>
    /// <param name="data">Of the samples and classes the trainer was opened for.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public float[] Measure(Dataset data, CancellationToken cancellationToken)
    {
        var losses = new float[data.Count];
        var logits = new float[Math.Min(RowsAtOnce, data.Count) * data.ClassCount];
        for (var start = 0; start < data.Count; start += pass is null ? 1 : RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (pass is null)
            {
                losses[start] = (float)trainer.Evaluate(Row(data, start), cancellationToken).Loss;
                continue;
            }

            var count = Math.Min(RowsAtOnce, data.Count - start);
            pass.Forward(data.Features.Slice(start * data.FeatureCount, count * data.FeatureCount), logits.AsSpan(0, count * data.ClassCount));
            for (var row = 0; row < count; row++)
            {
                losses[start + row] = (float)Scoring.Loss(training, logits.AsSpan(row * data.ClassCount, data.ClassCount), data.Labels.Span[start + row]);
            }
        }

        return losses;
    }

    /// <summary>Mean of the squares; null without rows, or where one is not finite.</summary>
    public static double? MeanSquare(ReadOnlySpan<float> losses)
    {
        var sum = 0.0;
        foreach (var loss in losses)
        {
            sum += (double)loss * loss;
        }

        return losses.IsEmpty || !double.IsFinite(sum) ? null : sum / losses.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => pass?.Dispose();

    private static Dataset Row(Dataset data, int index) =>
        new(data.Name, data.SampleShape, data.ClassCount, data.Features.Slice(index * data.FeatureCount, data.FeatureCount), data.Labels.Slice(index, 1));
}
