using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Testing;

/// <summary>A tiny engine of plain loops in double: softmax regression by full-batch gradient steps. What role tests train with.</summary>
public sealed class SoftmaxEngine : IEngine
{
    /// <inheritdoc/>
    public string Name => "test";

    /// <inheritdoc/>
    public string Version => "1";

    /// <summary>Runs before each training, in the trainer's thread: a test may block or fault it. Dataset name and cancellation.</summary>
    public Action<string, CancellationToken>? OnTrain { get; init; }

    /// <summary>The same with the rows it is about to train on.</summary>
    public Action<Dataset, CancellationToken>? OnRows { get; init; }

    /// <summary>Sees the values that a trainer, or the aggregator's scoring, starts from.</summary>
    public Action<float[]>? OnLoaded { get; init; }

    /// <summary>Changes what a trainer learned, before it is read: a test may make it hostile. Dataset name and values.</summary>
    public Action<string, float[]>? OnTrained { get; init; }

    /// <inheritdoc/>
    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training) =>
        model.Kind == "softmax" ? new Trainer(this, sampleShape.Aggregate(1, (a, b) => a * b), classCount, training) : throw new ModelMismatchException("the test engine knows softmax only");

    private sealed class Trainer(SoftmaxEngine engine, int features, int classes, TrainingSpec training) : ITrainer, IGradientCorrection
    {
        private float[] values = new float[(features + 1) * classes];
        private float[] loaded = new float[(features + 1) * classes];
        private float[] correction = [];

        public ParameterLayout Layout { get; } = ParameterLayout.Of([("weight", [features, classes], ParameterKind.Trainable), ("bias", [classes], ParameterKind.Trainable)]);

        public void Initialize(ulong seed) => values = new float[values.Length];

        public void Load(ReadOnlySpan<float> parameters)
        {
            values = parameters.ToArray();
            loaded = parameters.ToArray();
            engine.OnLoaded?.Invoke([.. values]);
        }

        public void SetCorrection(ReadOnlySpan<float> correction) => this.correction = correction.ToArray();

        public void Save(Span<float> parameters) => values.CopyTo(parameters);

        public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken)
        {
            engine.OnTrain?.Invoke(data.Name, cancellationToken);
            engine.OnRows?.Invoke(data, cancellationToken);
            var steps = training.Steps ?? training.Epochs;
            var loss = 0.0;
            for (var step = 0; step < steps; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var gradient = new double[values.Length];
                loss += Pass(data, gradient, out _);
                for (var i = 0; i < values.Length; i++)
                {
                    var pull = (training.Proximal * (values[i] - loaded[i])) + (correction.Length == 0 ? 0 : correction[i]);
                    values[i] = (float)(values[i] - (training.LearningRate * (gradient[i] + pull)));
                }
            }

            engine.OnTrained?.Invoke(data.Name, values);
            return new TrainingResult(data.Count, steps, loss / steps);
        }

        public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken)
        {
            var loss = Pass(data, null, out var right);
            return new EvaluationResult(data.Count, (double)right / data.Count, loss);
        }

        public void Dispose()
        {
            // Nothing native.
        }

        private double Pass(Dataset data, double[]? gradient, out int right)
        {
            right = 0;
            var loss = 0.0;
            var scores = new double[classes];
            for (var row = 0; row < data.Count; row++)
            {
                var x = data.Features.Span.Slice(row * features, features);
                var label = data.Labels.Span[row];
                for (var k = 0; k < classes; k++)
                {
                    scores[k] = values[(features * classes) + k];
                    for (var j = 0; j < features; j++)
                    {
                        scores[k] += x[j] * (double)values[(j * classes) + k];
                    }
                }

                right += Array.IndexOf(scores, scores.Max()) == label ? 1 : 0;
                var largest = scores.Max();
                var total = scores.Sum(score => Math.Exp(score - largest));
                loss += largest + Math.Log(total) - scores[label];
                for (var k = 0; gradient is not null && k < classes; k++)
                {
                    var error = ((Math.Exp(scores[k] - largest) / total) - (k == label ? 1 : 0)) / data.Count;
                    gradient[(features * classes) + k] += error;
                    for (var j = 0; j < features; j++)
                    {
                        gradient[(j * classes) + k] += error * x[j];
                    }
                }
            }

            return loss / data.Count;
        }
    }
}
