using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Testing.Models;

/// <summary>The softmax regression of <see cref="SoftmaxEngine"/> with passes that can be called apart: plain gradient steps, gradients of parameters, no taps.</summary>
public sealed class SteppingEngine : IEngine
{
    private readonly SoftmaxEngine inner = new();

    /// <inheritdoc/>
    public string Name => "test";

    /// <inheritdoc/>
    public string Version => "1";

    /// <inheritdoc/>
    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training) =>
        new Trainer(inner.Open(model, sampleShape, classCount, training), sampleShape.Aggregate(1, (a, b) => a * b), classCount, training.LearningRate);

    private sealed class Trainer(ITrainer inner, int features, int classes, double rate) : ITrainer, IGradientSource
    {
        public ParameterLayout Layout => inner.Layout;

        public IReadOnlyList<TapPoint> TapPoints => [];

        public void Initialize(ulong seed) => inner.Initialize(seed);

        public void Load(ReadOnlySpan<float> parameters) => inner.Load(parameters);

        public void Save(Span<float> parameters) => inner.Save(parameters);

        public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken) => inner.Train(data, seed, cancellationToken);

        public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken) => inner.Evaluate(data, cancellationToken);

        public IGradientPass OpenPass(IReadOnlyList<string> taps) => new Pass(inner, features, classes, rate);

        public void Dispose() => inner.Dispose();
    }

    private sealed class Pass(ITrainer trainer, int features, int classes, double rate) : IGradientPass
    {
        private readonly float[] values = new float[(features + 1) * classes];
        private readonly float[] gradients = new float[(features + 1) * classes];
        private ReadOnlyMemory<float> rows;

        public ReadOnlySpan<float> ParameterGradients => gradients;

        public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
        {
            rows = samples;
            trainer.Save(values);
            for (var i = 0; i < logits.Length; i++)
            {
                var (row, k) = (i / classes, i % classes);
                var sum = (double)values[(features * classes) + k];
                for (var j = 0; j < features; j++)
                {
                    sum += samples.Span[(row * features) + j] * (double)values[(j * classes) + k];
                }

                logits[i] = (float)sum;
            }
        }

        public void Backward(ReadOnlySpan<float> logitGradients)
        {
            Array.Clear(gradients);
            for (var i = 0; i < logitGradients.Length; i++)
            {
                var (row, k) = (i / classes, i % classes);
                gradients[(features * classes) + k] += logitGradients[i];
                for (var j = 0; j < features; j++)
                {
                    gradients[(j * classes) + k] += logitGradients[i] * rows.Span[(row * features) + j];
                }
            }
        }

        public void Step(ReadOnlySpan<float> logitGradients)
        {
            Backward(logitGradients);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] -= (float)(rate * gradients[i]);
            }

            trainer.Load(values);
        }

        public ReadOnlySpan<float> Activation(int tap) => throw new ArgumentOutOfRangeException(nameof(tap), tap, "there are no taps");

        public ReadOnlySpan<float> ActivationGradient(int tap) => Activation(tap);

        public void Dispose()
        {
            // Nothing native.
        }
    }
}
