using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Regression;

/// <summary>A site that predicts a number, with the same messages as one that predicts classes: what is new to it is a region of values (our design).</summary>
/// <remarks>Drift by absolute error (Page–Hinkley over the error in units of the usual one). Not thread-safe; sends and waits for nothing itself.</remarks>
public sealed class RegionSite : ISite
{
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly ValueRegions regions;
    private readonly ExampleStore replay;
    private readonly RegionIntake intake;
    private readonly RegionDesk desk;
    private readonly DemandBook demand;
    private readonly RecentBatches recent;
    private readonly RegionWatch watch;
    private readonly PortableRandom random;
    private readonly ulong[] regionIds;

    /// <summary>A site with a network [features, units…, 1]; <paramref name="setup"/> names the regions as its classes.</summary>
    /// <exception cref="ModelMismatchException">The network gives more than one value, or takes other rows, or the classes are not the regions.</exception>
    public RegionSite(SiteSetup setup, ValueRegions regions, ISiteModel model, CanoeSettings settings, TimeProvider clock)
    {
        if (model.ClassCount != 1 || model.FeatureCount != setup.RowSize || !setup.Classes.SequenceEqual(regions.Names))
        {
            throw new ModelMismatchException($"{setup.Name}: a network from {setup.RowSize} features to one value is needed, not {model.FeatureCount} to {model.ClassCount}, and classes named as the regions");
        }

        (this.setup, this.regions, this.settings) = (setup, regions, settings);
        Ensemble = new RegionEnsemble(model) { SpecialistRate = settings.SpecialistRate };
        replay = new ExampleStore(regions.Count, settings.ReplayPerClass, new PortableRandom(setup.Seed, 0));
        random = new PortableRandom(setup.Seed, 1);
        intake = new RegionIntake(setup, settings, Ensemble, replay, random, clock);
        desk = new RegionDesk(setup, settings, model, random, clock);
        demand = new DemandBook(settings, regions.Count);
        recent = new RecentBatches(regions.Count);
        watch = new RegionWatch(regions.Count);
        regionIds = [.. regions.Names.Select(SiteSetup.LabelId)];
    }

    /// <summary>The additive model.</summary>
    public RegionEnsemble Ensemble { get; }

    /// <summary>The site's name.</summary>
    public string Name => setup.Name;

    /// <summary>False while it asks nobody.</summary>
    public bool IsAsking { get; set; } = true;

    /// <summary>Batches learned.</summary>
    public long Batches { get; private set; }

    /// <summary>Models that are no longer believed.</summary>
    public IReadOnlyCollection<ulong> Revoked => intake.Revoked;

    /// <summary>Predicts, judges, installs, asks and learns: one batch, samples [rows, features] with a value each.</summary>
    public SiteStep Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values)
    {
        Batches++;
        samples = setup.Backbone?.Apply(samples) ?? samples;
        var labels = regions.Of(values);
        var predicted = Ensemble.Predict(samples);
        var verdicts = intake.Review(samples, values, predicted, watch.UsualError);
        var alarm = Watch(samples, values, labels, predicted);
        Store(samples, values, labels);
        verdicts.AddRange(intake.Install());
        Follow(verdicts);
        var requests = IsAsking && settings.Collaborates ? Ask() : [];
        LearnStep(samples, values, labels);
        return new SiteStep(alarm, requests, verdicts);
    }

    /// <summary>Values of samples [rows, features].</summary>
    public float[] Predict(ReadOnlyMemory<float> samples) => Ensemble.Predict(setup.Backbone?.Apply(samples) ?? samples);

    /// <summary>How far samples [rows, features] lie in any region that specialists know, in [0, 1]: for a site that only watches for what others call abnormal.</summary>
    public float[] RegionScores(ReadOnlyMemory<float> samples, int region)
    {
        samples = setup.Backbone?.Apply(samples) ?? samples;
        var scores = new float[samples.Length / Ensemble.Model.FeatureCount];
        foreach (var outputs in Ensemble.Stages.Where(stage => stage.Region == region).Select(stage => stage.Outputs(samples)))
        {
            for (var row = 0; row < scores.Length; row++)
            {
                scores[row] = Math.Max(scores[row], Logits.Sigmoid(outputs[2 * row]));
            }
        }

        return scores;
    }

    /// <summary>Takes a packet from <paramref name="helper"/>; it is looked at in the next batch. More than 64 regions at a time push out the oldest.</summary>
    /// <exception cref="PayloadException">The bytes are no packet of regions.</exception>
    public void Deliver(ReadOnlySpan<byte> packet, string helper) => intake.Deliver(packet, helper);

    /// <summary>Nobody can help with a region now: the site goes on alone.</summary>
    public void Decline(ulong labelId)
    {
        if (Array.IndexOf(regionIds, labelId) is var region and >= 0)
        {
            demand.GiveUp(region);
        }
    }

    /// <summary>What <paramref name="helper"/> sent for a region is of no use: the next helper is asked at once.</summary>
    public void Pass(ulong labelId, string helper)
    {
        if (Array.IndexOf(regionIds, labelId) is var region and >= 0)
        {
            demand.Retry(region, helper);
        }
    }

    /// <summary>True where something that came from <paramref name="helper"/> was cut from a model.</summary>
    public bool Descends(ulong modelHash, string helper) => intake.Descends(modelHash, helper);

    /// <summary>Removes what was cut from a model, and takes no more of it.</summary>
    public void Revoke(ulong modelHash) => intake.Revoke(modelHash);

    /// <summary>The packet for a request; null where nothing of it is known well enough.</summary>
    public byte[]? Help(KnowledgeRequest request) => desk.Answer(request);

    /// <summary>What this site tells the directory: of each region how many rows, and how often its prediction lies in the right one.</summary>
    public SiteRecord Record() => desk.Record(Batches, region => replay.Seen(region), watch.Recall);

    IEnumerable<(int Label, PacketOrigin Origin)> ITarget.Specialists => Ensemble.Stages.Select(stage => (stage.Region, stage.Origin));

    SiteStep ISite.Learn(Batch batch) => Learn(batch.Samples, batch.Values.Span);

    SiteScore ISite.Score(TestRows rows) => new(null, rows.Error(Predict(rows.Samples)));

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Hash(setup.InputContract);
        writer.Long(desk.Lineage);
        writer.Long(Batches);
        foreach (var part in Parts)
        {
            part.Write(writer);
        }

        writer.Random(random);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        SnapshotReader.Require(reader.Hash() == setup.InputContract, "its rows meant something else");
        SnapshotReader.Require(reader.Long() == desk.Lineage, "its network began elsewhere");
        Batches = reader.Long();
        foreach (var part in Parts)
        {
            part.Read(reader);
        }

        reader.Random(random);
    }

    private IEnumerable<IRemembered> Parts => new object[] { Ensemble.Model, replay, desk, intake, demand, recent, watch }.OfType<IRemembered>();

    private bool Watch(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, int[] labels, float[] predicted)
    {
        var found = regions.Of(predicted);
        var alarm = watch.Add(values, predicted, labels, found, replay.Seen);
        recent.Add(samples, labels, found);
        demand.Begin(labels, replay.Seen, alarm);
        return alarm;
    }

    private void Store(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, int[] labels)
    {
        var width = setup.RowSize;
        for (var row = 0; row < labels.Length; row++)
        {
            float[] stored = [.. samples.Span.Slice(row * width, width), values[row]];
            replay.Add(stored, labels[row]);
            desk.Add(stored, labels[row]);
        }
    }

    private void Follow(List<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            var region = Array.IndexOf(regionIds, verdict.LabelId);
            if (region >= 0 && verdict.IsAccepted)
            {
                demand.Close(region);
            }
            else if (region >= 0)
            {
                demand.Retry(region, verdict.Helper);
            }
        }

        foreach (var region in intake.Waiting)
        {
            demand.Close(region);
        }
    }

    private List<KnowledgeRequest> Ask() =>
        [.. demand.Ask(recent, Ensemble.Serves).Select(region => new KnowledgeRequest
        {
            Target = setup.Name,
            Classes = [new ClassDemand(regionIds[region], Math.Max(1, recent.Seen(region)))],
            Counts = replay.Classes.ToDictionary(known => regionIds[known], known => (double)replay.Seen(known)),
            InputContract = setup.InputContract,
            Lineage = desk.Lineage,
            BudgetBytes = settings.Extraction.BudgetBytes,
            Excluded = [.. demand.Tried(region)],
        })];

    // Rows of a region that help is on its way for are left out: the network does not tear itself up.
    private void LearnStep(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, int[] labels)
    {
        var isAlone = settings.Collaborates && IsAsking && demand.IsHurried && Ensemble.Stages.Count == 0 && !demand.IsHopeful;
        Ensemble.Model.LearningRate = isAlone ? settings.AloneRate : settings.LearningRate;
        var (width, frozen) = (setup.RowSize, demand.Frozen);
        List<float[]> rows = [];
        for (var row = 0; row < labels.Length; row++)
        {
            if (!frozen.Contains(labels[row]))
            {
                rows.Add([.. samples.Span.Slice(row * width, width), values[row]]);
            }
        }

        int[] known = [.. replay.Classes.Where(region => !frozen.Contains(region))];
        for (var i = 0; i < settings.ReplayedRows && known.Length > 0; i++)
        {
            var drawn = replay.Rows(known[random.Below(known.Length)]);
            rows.Add(drawn[random.Below(drawn.Count)]);
        }

        if (rows.Count > 0)
        {
            Ensemble.Learn(RegionTraining.Features(rows), rows.Select(row => row[^1]).ToArray(), regions);
        }
    }
}
