using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Topology;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx;

/// <summary>Trains with the plain ONNX Runtime package: forward models are differentiated into training graphs of ordinary operators.</summary>
/// <remarks>Stateless and thread-safe; the trainers it opens are neither.</remarks>
public sealed class OnnxEngine : IEngine
{
    /// <inheritdoc/>
    public string Name => "onnx";

    /// <inheritdoc/>
    public string Version => OrtEnv.Instance().GetVersionString();

    /// <inheritdoc/>
    public string PackageVersion => typeof(OrtEnv).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <inheritdoc/>
    public ITrainer Open(ModelSpec model, IReadOnlyList<int> sampleShape, int classCount, TrainingSpec training) =>
        new OnnxTrainer(ClassifierModels.Of(model, sampleShape, classCount), classCount, training);
}
