using FlameEdge.Topology;

namespace FlameEdge.Models;

/// <summary>The loss of each row of a worker's data under its trainer's present parameters: what guided selection and sampling go by. Not thread-safe; disposed before the trainer.</summary>
public sealed class SampleLosses : IDisposable
{
    private const int RowsAtOnce = 256;
    private readonly ITrainer trainer;
    private readonly Dataset data;
    private readonly TrainingSpec training;
    private readonly IGradientPass? pass;

    /// <param name="trainer">Opened for samples and classes of <paramref name="data"/>. One that gives no outputs of single rows is asked row by row.</param>
    /// <param name="data">The rows.</param>
    /// <param name="training">Says which loss.</param>
    public SampleLosses(ITrainer trainer, Dataset data, TrainingSpec training)
    {
        (this.trainer, this.data, this.training) = (trainer, data, training);
        pass = (trainer as IGradientSource)?.OpenPass([]);
    }

    /// <summary>The loss of every row, in their order.</summary>
    public float[] Measure(CancellationToken cancellationToken)
    {
        var losses = new float[data.Count];
        var logits = new float[Math.Min(RowsAtOnce, data.Count) * data.ClassCount];
        for (var start = 0; start < data.Count; start += pass is null ? 1 : RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (pass is null)
            {
                losses[start] = (float)trainer.Evaluate(Rows(start, 1), cancellationToken).Loss;
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

    private Dataset Rows(int start, int count) =>
        new(data.Name, data.SampleShape, data.ClassCount, data.Features.Slice(start * data.FeatureCount, count * data.FeatureCount), data.Labels.Slice(start, count));
}
