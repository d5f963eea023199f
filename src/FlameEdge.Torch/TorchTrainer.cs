using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Topology;
using FlameEdge.Torch.Modules;
using FlameEdge.Torch.Native;
using FlameEdge.Torch.Passes;
using FlameEdge.Torch.Training;
using static TorchSharp.torch;

namespace FlameEdge.Torch;

/// <summary>A classifier that torch trains. Not thread-safe; one per worker.</summary>
/// <remarks>
/// Parameters lie in one contiguous buffer that the module's tensors are views of. The same seed, parameters, data and thread count give the
/// same bits on the same machine; modules of a program's own take turns at training for that, because torch has one generator per process.
/// </remarks>
public sealed class TorchTrainer : ITrainer, IGradientSource, IGradientCorrection
{
    // A step leaves about a kilobyte of small objects behind. On a machine with a large cache the collector would let hundreds of megabytes of
    // them pile up before it looks; young ones cost it a fraction of a millisecond.
    private const long StepsPerCollection = 4096;

    private readonly Network _network;
    private readonly TrainingSpec _training;
    private readonly StepRule _rule;
    private BatchFeed? _feed;
    private Scorer? _scorer;
    private long _steps;

    internal TorchTrainer(Network network, TrainingSpec training)
    {
        _network = network;
        _training = training;
        _rule = new StepRule(training, network.Tensors);
    }

    /// <inheritdoc/>
    public ParameterLayout Layout => _network.Tensors.Layout;

    /// <inheritdoc/>
    public IReadOnlyList<TapPoint> TapPoints => field ??= Taps.PointsOf(_network);

    /// <inheritdoc/>
    public void Initialize(ulong seed)
    {
        _network.Initialize(seed);
        Restart();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Load(ReadOnlySpan<float> parameters)
    {
        Layout.RequireLength(parameters);
        parameters.CopyTo(_network.Tensors.Values);
        Restart();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The length is not that of the layout.</exception>
    public void Save(Span<float> parameters)
    {
        Layout.RequireLength(parameters);
        _network.Tensors.Values.CopyTo(parameters);
    }

    /// <inheritdoc/>
    public void SetCorrection(ReadOnlySpan<float> correction)
    {
        if (!correction.IsEmpty)
        {
            Layout.RequireLength(correction);
        }

        _rule.SetCorrection(correction);
    }

    /// <inheritdoc/>
    public IGradientPass OpenPass(IReadOnlyList<string> taps)
    {
        TorchRuntime.UseThreads(_training.Threads);
        return new GradientPass(_network, _rule, Taps.Find(_network, taps));
    }

    /// <inheritdoc/>
    /// <remarks>The optimizer's state starts at zero. Without rows nothing happens: no samples, no steps, loss 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public TrainingResult Train(Dataset data, ulong seed, CancellationToken cancellationToken)
    {
        data.RequireFit(_network.FeatureCount, _network.ClassCount);
        if (data.Count == 0)
        {
            return new TrainingResult(0, 0, 0);
        }

        TorchRuntime.UseThreads(_training.Threads);
        if (!_network.MayDraw)
        {
            return TrainOn(data, seed, cancellationToken);
        }

        using var turn = SharedGenerator.Seed(seed);
        return TrainOn(data, seed, cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Without rows the score is 0.</remarks>
    /// <exception cref="DatasetException">The rows are not what the model was opened for.</exception>
    public EvaluationResult Evaluate(Dataset data, CancellationToken cancellationToken)
    {
        data.RequireFit(_network.FeatureCount, _network.ClassCount);
        TorchRuntime.UseThreads(_training.Threads);
        _scorer ??= new Scorer(_network, _training);
        return _scorer.Score(data, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scorer?.Dispose();
        _feed?.Dispose();
        _rule.Dispose();
        _network.Dispose();
    }

    private TrainingResult TrainOn(Dataset data, ulong seed, CancellationToken cancellationToken)
    {
        var feed = FeedOf(data);
        feed.Start(seed);
        _rule.Reset();
        _network.Module.train();
        var stepCount = _training.Steps ?? checked(_training.Epochs * feed.BatchesPerEpoch);
        var loss = 0.0;
        for (var step = 0; step < stepCount; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            loss += Step(feed);
            if (++_steps % StepsPerCollection == 0)
            {
                GC.Collect(0);
            }
        }

        return new TrainingResult(data.Count, stepCount, stepCount == 0 ? 0 : loss / stepCount);
    }

    // Makes one step and returns the loss before it. All tensors made on the way go with the scope.
    private float Step(BatchFeed feed)
    {
        using var scope = NewDisposeScope();
        var (samples, labels) = feed.Next();
        _network.Tensors.Gradients.zero_();
        var loss = Losses.Of(_training, _network.Module.call(samples), labels);
        loss.backward();
        _rule.Apply();
        return loss.item<float>();
    }

    private void Restart()
    {
        _rule.Reset();
        _rule.SetAnchor();
    }

    // A worker sees the same rows round after round: the buffers for them are made once.
    private BatchFeed FeedOf(Dataset data)
    {
        if (_feed is not null && ReferenceEquals(_feed.Data, data))
        {
            return _feed;
        }

        _feed?.Dispose();
        _feed = new BatchFeed(_network, data, _training.BatchSize);
        return _feed;
    }
}
