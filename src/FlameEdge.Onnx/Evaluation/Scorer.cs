using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Training;
using FlameEdge.Topology;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Evaluation;

/// <summary>Runs the forward model alone and scores its logits. Not thread-safe.</summary>
internal sealed class Scorer : IDisposable
{
    // Large enough to keep the matrix kernels busy, small enough that activations of a convolution stay within a few megabytes.
    private const int RowsPerRun = 256;

    private readonly ClassifierModel _model;
    private readonly int _classCount;
    private readonly TrainingSpec _training;
    private readonly StateSession _session;
    private readonly float[] _logits;

    public Scorer(ClassifierModel model, StateBuffers state, int classCount, TrainingSpec training)
    {
        _model = model;
        _classCount = classCount;
        _training = training;
        var forward = EvaluationForm.Of(model.Graph).WithInputs([.. state.Layout.Entries.Select(entry => entry.Name)]);
        _session = new StateSession(forward, state, model.Graph.Name, training.Threads);
        _logits = new float[RowsPerRun * classCount];
    }

    /// <summary>Scores the present parameters on all rows of <paramref name="data"/>.</summary>
    public EvaluationResult Score(Dataset data, CancellationToken cancellationToken)
    {
        var (right, loss) = (0, 0.0);
        for (var row = 0; row < data.Count; row += RowsPerRun)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(RowsPerRun, data.Count - row);
            Run(data, row, count);
            for (var i = 0; i < count; i++)
            {
                var label = data.Labels.Span[row + i];
                var logits = _logits.AsSpan(i * _classCount, _classCount);
                right += Scoring.ArgMax(logits) == label ? 1 : 0;
                loss += Scoring.Loss(_training, logits, label);
            }
        }

        return data.Count == 0 ? new EvaluationResult(0, 0, 0) : new EvaluationResult(data.Count, (double)right / data.Count, loss / data.Count);
    }

    public void Dispose() => _session.Dispose();

    private void Run(Dataset data, int row, int count)
    {
        var features = MemoryMarshal.AsMemory(data.Features).Slice(row * data.FeatureCount, count * data.FeatureCount);
        using var samples = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance,
            features,
            [count, .. _model.SampleShape.Select(size => (long)size)]);
        using var logits = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance,
            _logits.AsMemory(0, count * _classCount),
            [count, _classCount]);
        _session.BindInput(_model.Input, samples);
        _session.BindOutput(_model.Logits, logits);
        _session.Run();
    }
}
