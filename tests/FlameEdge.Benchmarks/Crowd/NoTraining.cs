using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Benchmarks.Crowd;

/// <summary>An engine that learns nothing: what is left is the framework's own work.</summary>
internal sealed class NoTraining : IEngine
{
    public string Name => "none";

    public string Version => "1";

    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training) => new Trainer(sampleShape.Aggregate(1, (a, b) => a * b), classCount);

    private sealed class Trainer(int features, int classes) : ITrainer
    {
        public ParameterLayout Layout { get; } = ParameterLayout.Of([("weight", [features, classes], ParameterKind.Trainable), ("bias", [classes], ParameterKind.Trainable)]);

        public void Initialize(ulong seed)
        {
            // Zero is as good as anything.
        }

        public void Load(ReadOnlySpan<float> parameters)
        {
            // Nothing is learned from them.
        }

        public void Save(Span<float> parameters) => parameters.Clear();

        public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken) => new(data.Count, 1, 0);

        public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken) => new(data.Count, 0, 0);

        public void Dispose()
        {
            // Nothing native.
        }
    }
}
