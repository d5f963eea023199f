using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Training;

/// <summary>Trains on a dataset: brings batches and masks to the steps. Its buffers serve every round.</summary>
internal sealed class LocalTraining : IDisposable
{
    private readonly ClassifierModel _model;
    private readonly TrainingSpec _training;
    private readonly string _labels;
    private readonly StateBuffers _state;
    private readonly StepSession _session;
    private readonly MaskFeed _masks;
    private BatchFeed? _feed;

    /// <summary>Opens <paramref name="graph"/>, which reads the model's samples and their classes.</summary>
    public LocalTraining(ClassifierModel model, TrainingSpec training, TrainingGraph graph, StateBuffers state)
    {
        _model = model;
        _training = training;
        _state = state;
        _labels = graph.Data.Single(name => name != model.Input);
        _session = new StepSession(graph, state, model.Graph.Name, training.Threads);
        _masks = new MaskFeed(_session, graph.Masks);
    }

    /// <summary>Makes the steps of one round on <paramref name="data"/>, which has rows.</summary>
    public TrainingResult Run(Dataset data, ulong seed, CancellationToken cancellationToken)
    {
        _state.ResetOptimizer();
        var feed = FeedOf(data);
        feed.Start(seed);
        _masks.Start(seed);
        var stepCount = _training.Steps ?? checked(_training.Epochs * feed.BatchesPerEpoch);
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

    public void Dispose()
    {
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
}
