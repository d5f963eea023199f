using System.Numerics.Tensors;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>A site of a Canoe job: learns batch by batch, asks when its world changes, uses what comes, and helps others. Target and helper at once.</summary>
/// <remarks>Not thread-safe; sends and waits for nothing itself. The same seed, rows and packets give the same decisions on the same machine.</remarks>
public sealed class Site : ISite
{
    private const float BorrowGain = 0.05f;
    private const int YoungBatches = 10;
    private const int CatchUpSteps = 2;
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly ISiteModel model;
    private readonly Ensemble ensemble;
    private readonly ExampleStore replay;
    private readonly Intake intake;
    private readonly RefreshIntake refreshes;
    private readonly HelpDesk desk;
    private readonly DemandBook demand;
    private readonly RecentBatches recent;
    private readonly IDriftDetector trigger;
    private readonly BroadDrift broad;
    private readonly HistogramTrigger histogram;
    private readonly PortableRandom random;
    private readonly Lineage lineage;
    private readonly Twin? twin;
    private readonly ulong[] labelIds;
    private readonly double[] recall;
    private readonly List<ModelPacket> models = [];
    private float heldBack;

    /// <summary>A site with its own network, which has not learned yet. <paramref name="trigger"/>: the error trigger where null.</summary>
    public Site(SiteSetup setup, ISiteModel model, CanoeSettings settings, TimeProvider clock, IDriftDetector? trigger = null)
    {
        if (model.ClassCount != setup.Classes.Count || model.FeatureCount != setup.RowSize)
        {
            throw new ModelMismatchException($"{setup.Name}: the network takes {model.FeatureCount} features and knows {model.ClassCount} classes, the site's rows have {setup.RowSize} values and {setup.Classes.Count}");
        }

        (this.setup, this.settings, this.model) = (setup, settings, model);
        ensemble = new Ensemble(model) { SpecialistRate = settings.SpecialistRate };
        replay = new ExampleStore(setup.Classes.Count, settings.ReplayPerClass, new PortableRandom(setup.Seed, 0));
        random = new PortableRandom(setup.Seed, 1);
        lineage = new Lineage(model);
        twin = Twin.Of(model, settings, setup.Seed);
        demand = new DemandBook(settings, setup.Classes.Count);
        intake = new Intake(setup, settings, ensemble, replay, lineage, label => !demand.IsOpen(label), clock);
        refreshes = new RefreshIntake(setup, settings, ensemble, replay, intake.Revoked.Contains, clock);
        desk = new HelpDesk(setup, settings, ensemble, lineage, clock);
        recent = new RecentBatches(setup.Classes.Count);
        this.trigger = trigger ?? new ErrorTrigger(16);
        broad = new BroadDrift(settings.BorrowAtRise);
        histogram = new HistogramTrigger(setup.Classes.Count);
        labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
        recall = new double[setup.Classes.Count];
        this.model.LearningRate = settings.LearningRate;
    }

    /// <summary>The site's name.</summary>
    public string Name => this.setup.Name;

    /// <summary>False while it asks nobody, as before a fleet is there.</summary>
    public bool IsAsking { get; set; } = true;

    /// <summary>The additive model.</summary>
    public Ensemble Ensemble => ensemble;

    /// <summary>The share of the helped model in what the site says, in (0, 1]; the rest is said by the learner that it would be without help. 1 while nothing has changed.</summary>
    public double HelpedShare => twin is null || (demand.IsSettled && ensemble.Stages.Count == 0) ? 1 : twin.HelpedShare;

    /// <summary>Batches learned.</summary>
    public long Batches { get; private set; }

    /// <summary>Predicts, judges, installs, asks and learns: one batch, samples [rows, features] with a label each.</summary>
    public SiteStep Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        Batches++;
        samples = Rows(samples);
        var classes = this.model.ClassCount;
        var (own, combined) = (new float[labels.Length * classes], new float[labels.Length * classes]);
        ensemble.Combine(samples, own, combined);
        twin?.Judge(samples, labels, combined);
        var (alarm, isBroad) = Watch(samples, labels, combined);
        List<Verdict> verdicts = [.. intake.Review(own, combined, labels)];
        Store(samples, labels);
        verdicts.AddRange(intake.Install());
        Borrow();
        Follow(verdicts);
        verdicts.AddRange(refreshes.Install());
        var retired = intake.Retire();
        List<int> recalled = [];
        var requests = IsAsking && this.settings.Collaborates ? Ask(isBroad, recalled) : [];
        if (verdicts.Any(verdict => verdict.Refusal is Refusal.Harmful))
        {
            twin?.Discredit();
        }

        if (recalled.Count > 0 || verdicts.Any(verdict => verdict.IsAccepted))
        {
            twin?.Credit();
        }

        twin?.Learn(samples.Span, labels, replay);
        LearnStep(samples, labels);
        return new SiteStep(alarm, requests, verdicts) { Retired = retired, Recalled = recalled };
    }

    /// <summary>Watches a batch without labels, samples [rows, features]. Where predictions are spread as they never were, it asks for the classes of which it has next to no row; what comes waits in the shadow until labels arrive.</summary>
    public SiteStep Observe(ReadOnlyMemory<float> samples)
    {
        var combined = Predict(samples);
        var classes = this.model.ClassCount;
        var predicted = new int[combined.Length / classes];
        for (var row = 0; row < predicted.Length; row++)
        {
            predicted[row] = TensorPrimitives.IndexOfMax<float>(combined.AsSpan(row * classes, classes));
        }

        demand.Begin([], replay.Seen, alarm: false);
        var alarm = histogram.Add(predicted);
        int[] wanted = alarm && IsAsking && this.settings.Collaborates ? [.. demand.AskUnseen(replay.Seen)] : [];
        return new SiteStep(alarm, wanted.Length == 0 ? [] : [Request([.. wanted.Select(label => new ClassDemand(labelIds[label], 1))], [])], []);
    }

    /// <summary>Logits [rows, classes] of samples [rows, features]: of the helped model, and of the learner without help beside it.</summary>
    public float[] Predict(ReadOnlyMemory<float> samples)
    {
        var rows = Rows(samples);
        var said = Combined(rows);
        if (HelpedShare < 1)
        {
            twin?.Join(rows, said);
        }

        return said;
    }

    /// <summary>Takes a packet from <paramref name="helper"/>; it is looked at in the next batch.</summary>
    /// <exception cref="PayloadException">The bytes are no packet.</exception>
    public void Deliver(ReadOnlySpan<byte> packet, string helper)
    {
        switch (PacketReader.Read(packet))
        {
            case { Model: { } model }:
                models.Add(model);
                break;
            case { Refresh: { } refresh }:
                refreshes.Deliver(refresh, helper, PacketWriter.ContentHash(packet));
                break;
            default:
                intake.Deliver(packet, helper);
                break;
        }
    }

    /// <summary>Nobody can help with a class now: the site goes on alone.</summary>
    public void Decline(ulong labelId)
    {
        if (Array.IndexOf(labelIds, labelId) is var label and >= 0)
        {
            demand.GiveUp(label);
        }
    }

    /// <summary>What <paramref name="helper"/> sent for a class is of no use: the next helper is asked at once.</summary>
    public void Pass(ulong labelId, string helper)
    {
        if (Array.IndexOf(labelIds, labelId) is var label and >= 0)
        {
            demand.Retry(label, helper);
        }
    }

    /// <summary>True where something that came from <paramref name="helper"/> goes back to a model.</summary>
    public bool Descends(ulong modelHash, string helper) => intake.Descends(modelHash, helper);

    /// <summary>Removes what was cut from a model, whoever passed it on, and takes no more of it.</summary>
    public void Revoke(ulong modelHash)
    {
        intake.Revoke(modelHash);
        desk.Revoke(modelHash);
    }

    /// <summary>Models that are no longer believed.</summary>
    public IReadOnlyCollection<ulong> Revoked => intake.Revoked;

    /// <summary>What this site can send for a request; null where it knows too little.</summary>
    public byte[]? Help(KnowledgeRequest request) => desk.Answer(request);

    /// <summary>What this site tells the directory.</summary>
    public SiteRecord Record() => desk.Record(Batches, label => replay.Seen(label), label => recall[label]);

    IEnumerable<(int Label, PacketOrigin Origin)> ITarget.Specialists => ensemble.Stages.Select(stage => (stage.Label, stage.Origin));

    SiteStep ISite.Learn(Batch batch) => Learn(batch.Samples, batch.Labels.Span);

    SiteScore ISite.Score(TestRows rows) => new(rows.Accuracy(Predict(rows.Samples), this.model.ClassCount), null);

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Hash(this.setup.InputContract);
        writer.Long(lineage.Id);
        writer.Long(Batches);
        WriteModel(writer);
        foreach (var part in Parts)
        {
            part.Write(writer);
        }

        writer.Random(random);
        writer.Items(recall, writer.Number);
        writer.Number(heldBack);
        ((IRemembered?)twin)?.Write(writer);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        SnapshotReader.Require(reader.Hash() == this.setup.InputContract, "its rows meant something else");
        SnapshotReader.Require(reader.Long() == lineage.Id, "its network began elsewhere");
        Batches = reader.Long();
        ReadModel(reader);
        foreach (var part in Parts)
        {
            part.Read(reader);
        }

        foreach (var hash in intake.Revoked)
        {
            desk.Revoke(hash);
        }

        reader.Random(random);
        foreach (var (label, value) in reader.Items(reader.Number).Index())
        {
            SnapshotReader.Require(label < recall.Length, "it has other classes");
            recall[label] = value;
        }

        heldBack = (float)reader.Number();
        if (reader.IsAtEnd)
        {
            twin?.Begin(this.model.Parameters); // Stored before there were twins.
        }
        else
        {
            ((IRemembered?)twin)?.Read(reader);
        }
    }

    private IEnumerable<IRemembered> Parts => new object[] { replay, desk, intake, demand, recent, this.trigger, broad }.OfType<IRemembered>();

    // An engine's optimizer starts anew after a restart; a network of our own keeps its momentum.
    private void WriteModel(SnapshotWriter writer)
    {
        if (this.model is IRemembered whole)
        {
            whole.Write(writer);
        }
        else
        {
            writer.Floats(this.model.Parameters);
        }
    }

    private void ReadModel(SnapshotReader reader)
    {
        if (this.model is IRemembered whole)
        {
            whole.Read(reader);
        }
        else
        {
            this.model.Load(reader.Floats());
        }
    }

    private ReadOnlyMemory<float> Rows(ReadOnlyMemory<float> samples) => this.setup.Backbone?.Apply(samples) ?? samples;

    private float[] Combined(ReadOnlyMemory<float> samples)
    {
        var rows = samples.Length / this.model.FeatureCount;
        var (own, combined) = (new float[rows * this.model.ClassCount], new float[rows * this.model.ClassCount]);
        ensemble.Combine(samples, own, combined);
        return combined;
    }

    private (bool Alarm, bool IsBroad) Watch(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels, float[] combined)
    {
        var classes = this.model.ClassCount;
        var predicted = new int[labels.Length];
        var (alarm, knownRows, knownErrors) = (false, 0, 0);
        for (var row = 0; row < labels.Length; row++)
        {
            predicted[row] = TensorPrimitives.IndexOfMax<float>(combined.AsSpan(row * classes, classes));
            var error = predicted[row] == labels[row] ? 0 : 1;
            alarm |= this.trigger.Add(error);
            var isKnown = replay.Seen(labels[row]) >= DemandBook.KnownFrom;
            knownRows += isKnown ? 1 : 0;
            knownErrors += isKnown ? error : 0;
            recall[labels[row]] += (1 - error - recall[labels[row]]) / Math.Min(replay.Seen(labels[row]) + 1, 50);
        }

        recent.Add(samples, labels, predicted);
        demand.Begin(labels, replay.Seen, alarm);
        return (alarm, broad.Add(knownRows, knownErrors, demand.IsHurried));
    }

    private void Store(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        var width = this.model.FeatureCount;
        for (var row = 0; row < labels.Length; row++)
        {
            replay.Add(samples.Span.Slice(row * width, width), labels[row]);
            desk.Add(samples.Span.Slice(row * width, width), labels[row]);
        }

        intake.Count(labels);
    }

    private void Follow(List<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            var label = Array.IndexOf(labelIds, verdict.LabelId);
            if (label >= 0 && (verdict.IsAccepted || intake.IsHandedOver(label)))
            {
                demand.Close(label);
            }
            else if (label >= 0)
            {
                demand.Retry(label, verdict.Helper);
            }
        }

        foreach (var label in intake.Waiting)
        {
            demand.Close(label);
        }
    }

    private List<KnowledgeRequest> Ask(bool isBroad, List<int> recalled)
    {
        List<KnowledgeRequest> requests = [];
        var missing = demand.Ask(recent, ensemble.Serves);
        recalled.AddRange(missing.Where(intake.Recall));
        int[] wanted = [.. missing.Except(recalled)];
        foreach (var group in wanted.GroupBy(label => string.Join('|', demand.Tried(label).Order(StringComparer.Ordinal))))
        {
            requests.Add(Request([.. group.Select(label => new ClassDemand(labelIds[label], Math.Max(1, recent.Seen(label))))], [.. demand.Tried(group.First())]));
        }

        foreach (var label in demand.AskRefresh(recent, ensemble.Serves))
        {
            requests.Add(Request([new ClassDemand(labelIds[label], recent.Seen(label)) { Held = refreshes.Held(label) }], []));
        }

        if (demand.AskModel(isBroad))
        {
            requests.Add(Request([.. Enumerable.Range(0, labelIds.Length).Where(label => recent.Seen(label) > 0).Select(label => new ClassDemand(labelIds[label], recent.Seen(label)))], []) with { WantsModel = true });
        }

        return requests;
    }

    private KnowledgeRequest Request(IReadOnlyList<ClassDemand> classes, IReadOnlyList<string> excluded) => new()
    {
        Target = this.setup.Name,
        Classes = classes,
        Counts = replay.Classes.ToDictionary(label => labelIds[label], label => (double)replay.Seen(label)),
        InputContract = this.setup.InputContract,
        Lineage = desk.Lineage,
        AveragingFactor = this.settings.AveragingFactor,
        BudgetBytes = this.settings.Extraction.BudgetBytes,
        Excluded = excluded,
    };

    // The slow rate is for help on its way and for young specialists, which a quick network would leave behind. Where neither is there, a site whose world has
    // just changed goes at its best rate, and makes up for what it held back: a step in vain waiting is a step the isolated learner has ahead.
    private void LearnStep(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels)
    {
        var isHurried = this.settings.Collaborates && IsAsking && demand.IsHurried;
        var isWaiting = demand.IsHopeful || ensemble.Stages.Any(stage => stage.Batches < YoungBatches);
        this.model.LearningRate = isHurried && !isWaiting ? this.settings.AloneRate : this.settings.LearningRate;
        heldBack = !isHurried ? 0 : isWaiting ? heldBack + this.settings.AloneRate - this.settings.LearningRate : heldBack;
        var (width, replayed) = (this.model.FeatureCount, this.settings.ReplayedRows);
        var rows = new float[(labels.Length + replayed) * width];
        var all = new int[labels.Length + replayed];
        samples.CopyTo(rows);
        labels.CopyTo(all);
        replay.Draw(replayed, random, rows.AsSpan(labels.Length * width), all.AsSpan(labels.Length));
        ensemble.Learn(rows, all, demand.Frozen);
        for (var step = 0; step < CatchUpSteps && !isWaiting && heldBack > this.settings.AloneRate / 2; step++)
        {
            replay.Draw(all.Length, random, rows, all);
            ensemble.Learn(rows, all, demand.Frozen);
            heldBack -= this.settings.AloneRate;
        }
    }

    // A helper's model takes the place of the own one where it knows more of the last batches than a guess would: what it lacks the twin still has. Without a twin it must be better by 0.05 nats a row.
    private void Borrow()
    {
        foreach (var packet in models)
        {
            var fits = !intake.Revoked.Contains(packet.ModelHash) && packet.InputContract == this.setup.InputContract && packet.LabelIds.SequenceEqual(labelIds)
                && packet.Layers.Select(layer => (layer.Inputs, layer.Units)).SequenceEqual(this.model.Layers.Select(layer => (layer.Inputs, layer.Outputs)));
            if (!fits)
            {
                continue;
            }

            var (samples, labels) = recent.Rows();
            var before = this.model.Parameters.ToArray();
            var most = twin is null ? MeanLoss(samples, labels) - BorrowGain : Math.Log(this.model.ClassCount);
            this.model.Load(packet.Restore());
            if (!(MeanLoss(samples, labels) <= most)) // NaN is not.
            {
                this.model.Load(before);
            }
        }

        models.Clear();
    }

    private double MeanLoss(float[] samples, int[] labels)
    {
        var logits = Combined(samples);
        var classes = this.model.ClassCount;
        return labels.Length == 0 ? 0 : -Enumerable.Range(0, labels.Length).Average(row => Logits.LogLikelihood(logits.AsSpan(row * classes, classes), labels[row]));
    }
}

/// <summary>What came of a batch.</summary>
/// <param name="Alarm">True where the drift detector fired.</param>
/// <param name="Requests">What to send to the directory.</param>
/// <param name="Verdicts">What was decided on packets.</param>
public sealed record SiteStep(bool Alarm, IReadOnlyList<KnowledgeRequest> Requests, IReadOnlyList<Verdict> Verdicts)
{
    /// <summary>Specialists that the own network no longer needs; they are kept cold.</summary>
    public IReadOnlyList<Stage> Retired { get; init; } = [];

    /// <summary>Classes whose specialist was brought back from the cold store, without traffic.</summary>
    public IReadOnlyList<int> Recalled { get; init; } = [];
}
