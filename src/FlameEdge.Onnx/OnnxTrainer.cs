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

/// <summary>A classifier that ONNX Runtime trains with SGD on the mean cross-entropy. Not thread-safe; one per worker.</summary>
/// <remarks>
/// Parameters lie in one contiguous buffer that the runtime reads and writes in place; training allocates nothing that grows with
/// the model. The same seed, parameters, data and thread count give the same bits on the same machine.
/// </remarks>
public sealed class OnnxTrainer : ITrainer, IModelExporter
{
    private const string LabelsName = "labels";

    private readonly ClassifierModel _model;
    private readonly int _classCount;
    private readonly int _featureCount;
    private readonly TrainingSpec _training;
    private readonly string _labels;
    private readonly StepSession _session;
    private readonly MaskFeed _masks;
    private BatchFeed? _feed;
    private Scorer? _scorer;

    internal OnnxTrainer(ClassifierModel model, int classCount, TrainingSpec training)
    {
        _model = model;
        _classCount = classCount;
        _featureCount = model.SampleShape.Aggregate(1, (product, size) => checked(product * size));
        _training = training;

        var backward = new BackwardGraph(model.Graph, model.Trainables, new CrossEntropyLoss(model.Logits, LabelsName));
        var graph = new TrainingGraph(backward, new SgdOptimizer());
        Layout = graph.ToLayout();
        _labels = graph.Data.Single(name => name != model.Input);
        _session = new StepSession(graph, Layout, model.Graph.Name, training.Threads);
        _masks = new MaskFeed(_session, graph.Masks);
        float[] scalars = [(float)training.LearningRate, (float)training.Momentum, (float)training.WeightDecay];
        scalars.CopyTo(_session.Scalars);
    }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <inheritdoc/>
    public string Extension => ".onnx";

    /// <inheritdoc/>
    public void Initialize(ulong seed) => _model.Start(seed, Layout, _session.Parameters);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Load(ReadOnlySpan<float> parameters)
    {
        CheckLength(parameters.Length, nameof(parameters));
        parameters.CopyTo(_session.Parameters);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Save(Span<float> parameters)
    {
        CheckLength(parameters.Length, nameof(parameters));
        _session.Parameters.CopyTo(parameters);
    }

    /// <inheritdoc/>
    /// <remarks>The optimizer's state starts at zero. Without rows nothing happens: no samples, no steps, loss 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken)
    {
        CheckFits(data);
        if (data.Count == 0)
        {
            return new TrainingResult(0, 0, 0);
        }

        _session.ResetState();
        var feed = FeedOf(data);
        feed.Start(seed);
        _masks.Start(seed);
        var stepCount = StepCount(data.Count);
        var loss = 0.0;
        for (var step = 0; step < stepCount; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            feed.Next();
            _masks.Next(feed.Rows);
            loss += _session.Step();
        }

        return new TrainingResult(data.Count, stepCount, stepCount == 0 ? 0 : loss / stepCount);
    }

    /// <inheritdoc/>
    /// <remarks>Without rows the score is 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken)
    {
        CheckFits(data);
        _scorer ??= new Scorer(_model, Layout, _classCount, _training);
        return _scorer.Score(_session, data, cancellationToken);
    }

    /// <inheritdoc/>
    public void Export(string path)
    {
        var model = EvaluationForm.Of(_model.Graph).Model.Clone();
        foreach (var entry in Layout.Entries)
        {
            var tensor = model.Graph.Initializer.First(tensor => tensor.Name == entry.Name);
            var values = _session.Parameters.Slice(entry.Offset, entry.Length);
            model.Graph.Initializer[model.Graph.Initializer.IndexOf(tensor)] = Tensors.Of(entry.Name, tensor.Dims, values);
        }

        File.WriteAllBytes(path, model.ToByteArray());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scorer?.Dispose();
        _feed?.Dispose();
        _masks.Dispose();
        _session.Dispose();
    }

    // A worker sees the same rows round after round: the buffers for them are made once.
    private BatchFeed FeedOf(Dataset data)
    {
        if (_feed is not null && ReferenceEquals(_feed.Data, data))
        {
            return _feed;
        }

        _feed?.Dispose();
        _feed = BatchFeed.Of(_session, (_model.Input, _labels), _model.SampleShape, data, _training.BatchSize);
        return _feed;
    }

    private int StepCount(int rows)
    {
        var perEpoch = _training.BatchSize is { } size && size < rows ? (rows + size - 1) / size : 1;
        return _training.Steps ?? checked(_training.Epochs * perEpoch);
    }

    private void CheckLength(int length, string parameter)
    {
        if (length != Layout.Length)
        {
            throw new ArgumentException($"the model has {Layout.Length} parameters, not {length}", parameter);
        }
    }

    private void CheckFits(Dataset data)
    {
        if (data.FeatureCount != _featureCount || data.ClassCount > _classCount)
        {
            throw new DatasetException(
                $"the dataset '{data.Name}' has {data.FeatureCount} features and {data.ClassCount} classes; the model was opened for {_featureCount} and {_classCount}");
        }
    }
}
