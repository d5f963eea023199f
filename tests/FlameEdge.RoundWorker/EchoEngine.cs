using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.RoundWorker;

/// <summary>An engine that learns nothing: its model is noise of a fixed size, so that what is left of a round is moving and adding.</summary>
public sealed class EchoEngine : IEngine
{
    public string Name => "none";

    public string Version => "1";

    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training) => new Trainer(model.Input![0]); // Every RoundJob names it.

    private sealed class Trainer(int length) : ITrainer
    {
        // Noise of a prime length, repeated: cheap to write, and no codec finds a pattern in its blocks.
        private readonly float[] noise = new float[65_521];

        public ParameterLayout Layout { get; } = ParameterLayout.Of([("values", [length], ParameterKind.Trainable)]);

        public void Initialize(ulong seed) => Draw(seed);

        public void Load(ReadOnlySpan<float> parameters)
        {
            // Nothing is learned from them.
        }

        public void Save(Span<float> parameters)
        {
            for (; parameters.Length > noise.Length; parameters = parameters[noise.Length..])
            {
                noise.CopyTo(parameters);
            }

            noise.AsSpan(0, parameters.Length).CopyTo(parameters);
        }

        public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken)
        {
            Draw(seed);
            return new(data.Count, 1, 0);
        }

        public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken) => new(data.Count, 0, 0);

        public void Dispose()
        {
            // Nothing native.
        }

        private void Draw(ulong seed)
        {
            var random = new PortableRandom(seed);
            foreach (ref var value in noise.AsSpan())
            {
                value = (float)(random.NextDouble() - 0.5);
            }
        }
    }
}
