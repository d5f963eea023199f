using System.Numerics.Tensors;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>A site of a Canoe job: learns batch by batch, asks when its world changes, uses what comes, and helps others. Target and helper at once.</summary>
/// <remarks>Not thread-safe; sends and waits for nothing itself. The same seed, rows and packets give the same decisions on the same machine.</remarks>
public sealed class Site
{
    private const float BorrowGain = 0.05f;
    private readonly SiteSetup _setup;
    private readonly CanoeSettings _settings;
    private readonly ISiteModel _model;
    private readonly Ensemble _ensemble;
    private readonly ExampleStore _replay;
    private readonly Intake _intake;
    private readonly HelpDesk _desk;
    private readonly DemandBook _demand;
    private readonly RecentBatches _recent;
    private readonly IDriftDetector _trigger;
    private readonly BroadDrift _broad;
    private readonly PortableRandom _random;
    private readonly ulong[] _labelIds;
    private readonly double[] _recall;
    private readonly List<ModelPacket> _models = [];

    /// <summary>A site with its own network, which has not learned yet. <paramref name="trigger"/>: the error trigger where null.</summary>
    public Site(SiteSetup setup, ISiteModel model, CanoeSettings settings, TimeProvider clock, IDriftDetector? trigger = null)
    {
        if (model.ClassCount != setup.Classes.Count || model.FeatureCount != setup.SampleShape.Aggregate(1, (product, size) => product * size))
        {
            throw new ModelMismatchException($"{setup.Name}: the network takes {model.FeatureCount} features and knows {model.ClassCount} classes, the site has [{string.Join(", ", setup.SampleShape)}] and {setup.Classes.Count}");
        }

        (_setup, _settings, _model) = (setup, settings, model);
        _ensemble = new Ensemble(model) { SpecialistRate = settings.SpecialistRate };
        _replay = new ExampleStore(setup.Classes.Count, settings.ReplayPerClass, new PortableRandom(setup.Seed, 0));
        _random = new PortableRandom(setup.Seed, 1);
        var lineage = new Lineage(model);
        _demand = new DemandBook(settings, setup.Classes.Count);
        _intake = new Intake(setup, settings, _ensemble, _replay, lineage, label => !_demand.IsOpen(label), clock);
        _desk = new HelpDesk(setup, settings, _ensemble, lineage, clock);
        _recent = new RecentBatches(setup.Classes.Count);
        _trigger = trigger ?? new ErrorTrigger(16);
        _broad = new BroadDrift(settings.BorrowAtRise);
        _labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
        _recall = new double[setup.Classes.Count];
        _model.LearningRate = settings.LearningRate;
    }

    /// <summary>The site's name.</summary>
    public string Name => _setup.Name;

    /// <summary>False while it asks nobody, as before a fleet is there.</summary>
    public bool IsAsking { get; set; } = true;

    /// <summary>The additive model.</summary>
    public Ensemble Ensemble => _ensemble;

    /// <summary>Batches learned.</summary>
    public long Batches { get; private set; }

    /// <summary>Predicts, judges, installs, asks and learns: one batch, samples [rows, features] with a label each.</summary>
    public SiteStep Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        Batches++;
        var classes = _model.ClassCount;
        var (own, combined) = (new float[labels.Length * classes], new float[labels.Length * classes]);
        _ensemble.Combine(samples, own, combined);
        var (alarm, isBroad) = Watch(samples, labels, combined);
        List<Verdict> verdicts = [.. _intake.Review(own, combined, labels)];
        Store(samples, labels);
        verdicts.AddRange(_intake.Install());
        Borrow();
        Follow(verdicts);
        _intake.Retire();
        var requests = IsAsking && _settings.Collaborates ? Ask(isBroad) : [];
        LearnStep(samples, labels);
        return new SiteStep(alarm, requests, verdicts);
    }

    /// <summary>Combined logits [rows, classes] of samples [rows, features].</summary>
    public float[] Predict(ReadOnlyMemory<float> samples)
    {
        var rows = samples.Length / _model.FeatureCount;
        var (own, combined) = (new float[rows * _model.ClassCount], new float[rows * _model.ClassCount]);
        _ensemble.Combine(samples, own, combined);
        return combined;
    }

    /// <summary>Takes a packet from <paramref name="helper"/>; it is looked at in the next batch.</summary>
    /// <exception cref="PayloadException">The bytes are no packet.</exception>
    public void Deliver(ReadOnlySpan<byte> packet, string helper)
    {
        if (PacketReader.Read(packet).Model is { } model)
        {
            _models.Add(model);
            return;
        }

        _intake.Deliver(packet, helper);
    }

    /// <summary>Nobody can help with a class now: the site goes on alone.</summary>
    public void Decline(ulong labelId)
    {
        if (Array.IndexOf(_labelIds, labelId) is var label and >= 0)
        {
            _demand.Close(label);
        }
    }

    /// <summary>Removes what was cut from a model, whoever passed it on, and takes no more of it.</summary>
    public void Revoke(ulong modelHash) => _intake.Revoked.Add(modelHash);

    /// <summary>What this site can send for a request; null where it knows too little.</summary>
    public byte[]? Help(KnowledgeRequest request) => _desk.Answer(request);

    /// <summary>What this site tells the directory.</summary>
    public SiteRecord Record() => _desk.Record(Batches, label => _replay.Seen(label), label => _recall[label]);

    private (bool Alarm, bool IsBroad) Watch(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels, float[] combined)
    {
        var classes = _model.ClassCount;
        var predicted = new int[labels.Length];
        var (alarm, knownRows, knownErrors) = (false, 0, 0);
        for (var row = 0; row < labels.Length; row++)
        {
            predicted[row] = TensorPrimitives.IndexOfMax<float>(combined.AsSpan(row * classes, classes));
            var error = predicted[row] == labels[row] ? 0 : 1;
            alarm |= _trigger.Add(error);
            var isKnown = _replay.Seen(labels[row]) >= DemandBook.KnownFrom;
            knownRows += isKnown ? 1 : 0;
            knownErrors += isKnown ? error : 0;
            _recall[labels[row]] += (1 - error - _recall[labels[row]]) / Math.Min(_replay.Seen(labels[row]) + 1, 50);
        }

        _recent.Add(samples, labels, predicted);
        _demand.Begin(labels, _replay.Seen, alarm);
        return (alarm, _broad.Add(knownRows, knownErrors));
    }

    private void Store(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        var width = _model.FeatureCount;
        for (var row = 0; row < labels.Length; row++)
        {
            _replay.Add(samples.Span.Slice(row * width, width), labels[row]);
            _desk.Add(samples.Span.Slice(row * width, width), labels[row]);
        }

        _intake.Count(labels);
    }

    private void Follow(List<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            var label = Array.IndexOf(_labelIds, verdict.LabelId);
            if (label >= 0 && (verdict.IsAccepted || _intake.IsHandedOver(label)))
            {
                _demand.Close(label);
            }
            else if (label >= 0)
            {
                _demand.Retry(label, verdict.Helper);
            }
        }

        foreach (var label in _intake.Waiting)
        {
            _demand.Close(label);
        }
    }

    private List<KnowledgeRequest> Ask(bool isBroad)
    {
        List<KnowledgeRequest> requests = [];
        int[] wanted = [.. _demand.Ask(_recent, _ensemble.Serves).Where(label => !_intake.Recall(label))];
        foreach (var group in wanted.GroupBy(label => string.Join('|', _demand.Tried(label).Order(StringComparer.Ordinal))))
        {
            requests.Add(Request([.. group.Select(label => new ClassDemand(_labelIds[label], Math.Max(1, _recent.Seen(label))))], [.. _demand.Tried(group.First())]));
        }

        if (_demand.AskModel(isBroad))
        {
            requests.Add(Request([.. Enumerable.Range(0, _labelIds.Length).Where(label => _recent.Seen(label) > 0).Select(label => new ClassDemand(_labelIds[label], _recent.Seen(label)))], []) with { WantsModel = true });
        }

        return requests;
    }

    private KnowledgeRequest Request(IReadOnlyList<ClassDemand> classes, IReadOnlyList<string> excluded) => new()
    {
        Target = _setup.Name,
        Classes = classes,
        Counts = _replay.Classes.ToDictionary(label => _labelIds[label], label => (double)_replay.Seen(label)),
        InputContract = _setup.InputContract,
        Lineage = _desk.Lineage,
        AveragingFactor = _settings.AveragingFactor,
        BudgetBytes = _settings.Extraction.BudgetBytes,
        Excluded = excluded,
    };

    private void LearnStep(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        var isAlone = _settings.Collaborates && IsAsking && _demand.IsHurried && _ensemble.Stages.Count == 0 && !_demand.IsHopeful;
        _model.LearningRate = isAlone ? _settings.AloneRate : _settings.LearningRate;
        var (width, replayed) = (_model.FeatureCount, _settings.ReplayedRows);
        var rows = new float[(labels.Length + replayed) * width];
        var all = new int[labels.Length + replayed];
        samples.CopyTo(rows);
        labels.CopyTo(all);
        _replay.Draw(replayed, _random, rows.AsSpan(labels.Length * width), all.AsSpan(labels.Length));
        _ensemble.Learn(rows, all, _demand.Frozen);
    }

    // A helper's model takes the place of the own one where it is better on the last batches by 0.05 nats a row.
    private void Borrow()
    {
        foreach (var packet in _models)
        {
            var fits = packet.InputContract == _setup.InputContract && packet.LabelIds.SequenceEqual(_labelIds)
                && packet.Layers.Select(layer => (layer.Inputs, layer.Units)).SequenceEqual(_model.Layers.Select(layer => (layer.Inputs, layer.Outputs)));
            if (!fits)
            {
                continue;
            }

            var (samples, labels) = _recent.Rows();
            var before = _model.Parameters.ToArray();
            var loss = MeanLoss(samples, labels);
            _model.Load(packet.Restore());
            if (MeanLoss(samples, labels) > loss - BorrowGain)
            {
                _model.Load(before);
            }
        }

        _models.Clear();
    }

    private double MeanLoss(float[] samples, int[] labels)
    {
        var logits = Predict(samples);
        var classes = _model.ClassCount;
        return labels.Length == 0 ? 0 : Enumerable.Range(0, labels.Length).Average(row => Logits.LogSumExp(logits.AsSpan(row * classes, classes)) - logits[(row * classes) + labels[row]]);
    }
}

/// <summary>What came of a batch.</summary>
/// <param name="Alarm">True where the drift detector fired.</param>
/// <param name="Requests">What to send to the directory.</param>
/// <param name="Verdicts">What was decided on packets.</param>
public sealed record SiteStep(bool Alarm, IReadOnlyList<KnowledgeRequest> Requests, IReadOnlyList<Verdict> Verdicts);
