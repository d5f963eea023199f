using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Evaluation;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Onnx.Training;
using FlameEdge.Parameters;
using FlameEdge.Topology;
using Google.Protobuf;

namespace FlameEdge.Onnx;

/// <summary>A classifier that ONNX Runtime trains. Not thread-safe; one per worker.</summary>
/// <remarks>
/// Parameters lie in one contiguous buffer that the runtime reads and writes in place; training allocates nothing that grows with
/// the model. The same seed, parameters, data and thread count give the same bits on the same machine.
/// </remarks>
public sealed class OnnxTrainer : ITrainer, IModelExporter, IGradientSource, IGradientCorrection
{
    private const string LabelsName = "labels";

    private readonly ClassifierModel _model;
    private readonly int _classCount;
    private readonly int _featureCount;
    private readonly TrainingSpec _training;
    private readonly StateBuffers _state;
    private StepRule _rule;
    private LocalTraining _local;
    private Scorer? _scorer;

    internal OnnxTrainer(ClassifierModel model, int classCount, TrainingSpec training)
    {
        _model = model;
        _classCount = classCount;
        _featureCount = model.SampleShape.Aggregate(1, (product, size) => checked(product * size));
        _training = training;
        _rule = StepRule.Of(training);

        var graph = Graph();
        Layout = graph.ToLayout();
        _state = new StateBuffers(Layout, _rule);
        _local = new LocalTraining(model, training, graph, _state);
    }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <inheritdoc/>
    public string Extension => ".onnx";

    /// <inheritdoc/>
    /// <remarks>The float32 results of the operators; names are those of the file, or of the graph that a declared model becomes.</remarks>
    public IReadOnlyList<TapPoint> TapPoints => field ??= Evaluation.TapPoints.Of(_model);

    /// <inheritdoc/>
    public void Initialize(ulong seed)
    {
        _model.Start(seed, Layout, _state.Parameters);
        _state.Received();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Load(ReadOnlySpan<float> parameters)
    {
        Layout.RequireLength(parameters);
        parameters.CopyTo(_state.Parameters);
        _state.Received();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Save(Span<float> parameters)
    {
        Layout.RequireLength(parameters);
        _state.Parameters.CopyTo(parameters);
    }

    /// <inheritdoc/>
    /// <remarks>The first correction, and the first step without one again, builds the training graph anew.</remarks>
    public void SetCorrection(ReadOnlySpan<float> correction)
    {
        if (!correction.IsEmpty)
        {
            Layout.RequireLength(correction);
            _state.Correct(correction);
        }

        if (_rule.IsCorrected == correction.IsEmpty)
        {
            _rule = _rule with { IsCorrected = !correction.IsEmpty };
            _local.Dispose();
            _local = new LocalTraining(_model, _training, Graph(), _state);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The optimizer's state starts at zero. Without rows nothing happens: no samples, no steps, loss 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken)
    {
        data.RequireFit(_featureCount, _classCount);
        return data.Count == 0 ? new TrainingResult(0, 0, 0) : _local.Run(data, seed, cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Without rows the score is 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken)
    {
        data.RequireFit(_featureCount, _classCount);
        _scorer ??= new Scorer(_model, _state, _classCount, _training);
        return _scorer.Score(data, cancellationToken);
    }

    /// <inheritdoc/>
    public IGradientPass OpenPass(IReadOnlyList<string> taps)
    {
        var points = taps.Select(name => TapPoints.FirstOrDefault(point => point.Name == name)
            ?? throw new ArgumentException($"{_model.Graph.Name} has no tap point '{name}'", nameof(taps)));
        return new GradientPass(_model, _state, _classCount, [.. points], () => _rule, _training.Threads);
    }

    /// <inheritdoc/>
    public void Export(string path)
    {
        var model = EvaluationForm.Of(_model.Graph).Model.Clone();
        var stored = model.Graph.Initializer.Index().ToDictionary(pair => pair.Item.Name, pair => pair.Index);
        foreach (var entry in Layout.Entries)
        {
            var values = _state.Parameters.Slice(entry.Offset, entry.Length);
            model.Graph.Initializer[stored[entry.Name]] = Tensors.Of(entry.Name, entry.Shape.Select(size => (long)size), values);
        }

        File.WriteAllBytes(path, model.ToByteArray());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scorer?.Dispose();
        _local.Dispose();
        _state.Dispose();
    }

    private TrainingGraph Graph() => new(_model.Graph, _model.Trainables, JobLoss.Of(_training, _model.Logits, LabelsName), _rule);
}
