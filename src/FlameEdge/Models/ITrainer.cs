using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Models;

/// <summary>A model that can be trained in place. Not thread-safe; one per worker.</summary>
public interface ITrainer : IDisposable
{
    /// <summary>The model's tensors in the flat buffer.</summary>
    ParameterLayout Layout { get; }

    /// <summary>Sets parameters to the model's own start: those stored in its file, else drawn from <paramref name="seed"/> (a softmax regression starts at zero).</summary>
    void Initialize(ulong seed);

    /// <summary>Copies parameters in; optimizer state starts at zero. Length: <see cref="ParameterLayout.Length"/>.</summary>
    void Load(ReadOnlySpan<float> parameters);

    /// <summary>Copies parameters out. Length: <see cref="ParameterLayout.Length"/>.</summary>
    void Save(Span<float> parameters);

    /// <summary>Trains on <paramref name="data"/> as the job's training section says. The same seed, parameters and data give the same bits on the same machine.</summary>
    TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken);

    /// <summary>Scores the model: accuracy by argmax (lowest index on ties), mean loss as <see cref="Scoring"/> counts it.</summary>
    EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken);
}

/// <summary>A trainer that can write its model as a file other programs read.</summary>
public interface IModelExporter
{
    /// <summary>The extension of the file, with its dot: <c>.onnx</c>.</summary>
    string Extension { get; }

    /// <summary>Writes the forward model with its present parameters.</summary>
    void Export(string path);
}

/// <summary>A runtime that trains models: ONNX Runtime, TorchSharp.</summary>
public interface IEngine
{
    /// <summary><c>onnx</c> or <c>torch</c>.</summary>
    string Name { get; }

    /// <summary>Version of the runtime itself, such as <c>1.31.1</c>; loads it.</summary>
    string Version { get; }

    /// <summary>Version of what is on board, as its package says; unlike <see cref="Version"/> it loads nothing.</summary>
    string PackageVersion => Version;

    /// <summary>Opens a model for samples of <paramref name="sampleShape"/> and <paramref name="classCount"/> classes, with the optimizer of <paramref name="training"/>.</summary>
    /// <exception cref="Diagnostics.ModelMismatchException">The model cannot be built, trained or fed with such samples; the message lists why.</exception>
    ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training);
}

/// <summary>What one round of local training did.</summary>
/// <param name="Samples">Rows of the local data: the update's weight.</param>
/// <param name="Steps">Optimizer steps made.</param>
/// <param name="Loss">Mean loss over the steps, nats.</param>
public sealed record TrainingResult(int Samples, int Steps, double Loss);

/// <summary>A model's score on a dataset.</summary>
/// <param name="Samples">Rows scored.</param>
/// <param name="Accuracy">Share of rows whose class was right, in [0, 1].</param>
/// <param name="Loss">Mean loss of a row, nats for the cross-entropies.</param>
public sealed record EvaluationResult(int Samples, double Accuracy, double Loss);
