using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Models.Loading.Vibration;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Fairness;

/// <summary>
/// FedGFT in a client: mini-batch training whose loss has a row's part in the penalty on the bias of the global model. The terms of all clients, one round old, say how the bias moves with each score; summed over
/// the clients with their weights the parts are the penalty's own gradient, so no client needs rows of both groups. Not thread-safe; disposed before its trainer.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2305.09931">Wang et al. 2023, "Mitigating Group Bias in Federated Learning: Beyond Local Fairness"</seealso>
internal sealed class FairTraining : IDisposable
{
    private const int RowsAtOnce = 256;
    private readonly FairnessSpec spec;
    private readonly TrainingSpec training;
    private readonly Dataset data;
    private readonly IGradientPass pass;
    private readonly BatchOrder order;
    private readonly bool[] isPositive;
    private readonly bool[] isInGroup;
    private readonly float[] features;
    private readonly float[] logits;
    private readonly float[] slopes;

    /// <param name="spec">The job's.</param>
    /// <param name="trainer">Opened for <paramref name="data"/>.</param>
    /// <param name="data">At least one row.</param>
    /// <param name="column">Of the feature that tells the groups apart.</param>
    /// <param name="training">This worker's; its loss is the cross-entropy.</param>
    /// <exception cref="TopologyException">The engine cannot, or the data has no such class.</exception>
    public FairTraining(FairnessSpec spec, ITrainer trainer, Dataset data, int column, TrainingSpec training)
    {
        if (spec.Positive >= data.ClassCount)
        {
            throw new TopologyException($"optimizer: fedgft: positive is {spec.Positive}, and dataset '{data.Name}' has the classes 0 to {data.ClassCount - 1}; name one of them");
        }

        (this.spec, this.training, this.data) = (spec, training, data);
        pass = (trainer as IGradientSource)?.OpenPass([]) ?? throw new TopologyException("optimizer: fedgft adds to the loss of single rows, which the engine cannot; set training.runtime to onnx or torch");
        order = new BatchOrder(data.Count, training.BatchSize);
        isPositive = [.. data.Labels.ToArray().Select(label => label == spec.Positive)];
        isInGroup = [.. Enumerable.Range(0, data.Count).Select(row => data.Features.Span[(row * data.FeatureCount) + column] > spec.Above)];
        features = new float[order.Size * data.FeatureCount];
        var rows = Math.Max(order.Size, Math.Min(RowsAtOnce, data.Count));
        (logits, slopes) = (new float[rows * data.ClassCount], new float[order.Size * data.ClassCount]);
    }

    /// <summary>Of this client's rows under the model the last training began with: what it sends beside its change.</summary>
    public FairnessTerms Terms { get; private set; }

    /// <summary>The column of a feature among a dataset's.</summary>
    /// <exception cref="TopologyException">The dataset does not say, or has not got it.</exception>
    public static int ColumnOf(FairnessSpec spec, DatasetSpec dataset)
    {
        List<string> names = dataset.Source is { Format: "vibration" } ? [.. VibrationFeatures.Names] : [.. (dataset.Source?.Features ?? []).SelectMany(FeatureColumn.Names)];
        return names.IndexOf(spec.Feature) is var column and >= 0 ? column
            : throw new TopologyException($"optimizer: fedgft: dataset '{dataset.Id}' names no feature '{spec.Feature}'; {(names.Count == 0 ? "list its features" : $"it has {string.Join(", ", names)}")}");
    }

    /// <summary>Measures the terms, then trains as the job's training section says.</summary>
    /// <param name="known">Of all clients, from the round before.</param>
    /// <param name="seed">Decides the batches.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public TrainingResult Train(FairnessTerms known, ulong seed, CancellationToken cancellationToken)
    {
        Measure(cancellationToken);
        order.Start(seed);
        var steps = training.Steps ?? checked(training.Epochs * order.BatchesPerEpoch);
        var loss = 0.0;
        for (var step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = order.Next();
            for (var i = 0; i < rows.Length; i++)
            {
                data.Features.Span.Slice(rows[i] * data.FeatureCount, data.FeatureCount).CopyTo(features.AsSpan(i * data.FeatureCount));
            }

            var outputs = logits.AsSpan(0, rows.Length * data.ClassCount);
            pass.Forward(features.AsMemory(0, rows.Length * data.FeatureCount), outputs);
            var gradient = slopes.AsSpan(0, outputs.Length);
            loss += Slopes(known, rows, outputs, gradient);
            pass.Step(gradient);
        }

        return new TrainingResult(data.Count, steps, steps == 0 ? 0 : loss / steps);
    }

    /// <inheritdoc/>
    public void Dispose() => pass.Dispose();

    /// <summary>Writes the gradient of the batch's mean loss and penalty, and returns the mean cross-entropy.</summary>
    internal double Slopes(FairnessTerms known, ReadOnlySpan<int> rows, ReadOnlySpan<float> outputs, Span<float> gradient)
    {
        var (loss, penalty, classes) = (0.0, known.PenaltySlope(spec), data.ClassCount);
        Span<double> shares = classes <= 64 ? stackalloc double[classes] : new double[classes];
        for (var i = 0; i < rows.Length; i++)
        {
            var own = outputs.Slice(i * classes, classes);
            var row = rows[i];
            var label = data.Labels.Span[row];
            loss += Scoring.CrossEntropy(own, label);
            Softmax(own, shares);
            var score = shares[spec.Positive];
            var pull = penalty * known.SlopeOf(spec.Fair, isPositive[row], isInGroup[row]) * score;
            for (var k = 0; k < classes; k++)
            {
                var slope = shares[k] - (k == label ? 1 : 0) + (pull * ((k == spec.Positive ? 1 : 0) - shares[k]));
                gradient[(i * classes) + k] = (float)(slope / rows.Length);
            }
        }

        return loss / rows.Length;
    }

    private static void Softmax(ReadOnlySpan<float> outputs, Span<double> shares)
    {
        var (largest, sum) = ((double)outputs[Scoring.ArgMax(outputs)], 0.0);
        for (var k = 0; k < outputs.Length; k++)
        {
            shares[k] = Math.Exp(outputs[k] - largest);
            sum += shares[k];
        }

        for (var k = 0; k < outputs.Length; k++)
        {
            shares[k] /= sum;
        }
    }

    private void Measure(CancellationToken cancellationToken)
    {
        var (scores, shares) = (new double[data.Count], new double[data.ClassCount]);
        for (var start = 0; start < data.Count; start += RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(RowsAtOnce, data.Count - start);
            var outputs = logits.AsSpan(0, count * data.ClassCount);
            pass.Forward(data.Features.Slice(start * data.FeatureCount, count * data.FeatureCount), outputs);
            for (var row = 0; row < count; row++)
            {
                Softmax(outputs.Slice(row * data.ClassCount, data.ClassCount), shares);
                scores[start + row] = shares[spec.Positive];
            }
        }

        Terms = FairnessTerms.Of(spec.Fair, scores, isPositive, isInGroup);
    }
}
