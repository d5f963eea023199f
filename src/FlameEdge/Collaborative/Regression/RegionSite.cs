using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Regression;

/// <summary>A site that predicts a number, with the same messages as one that predicts classes: what is new to it is a region of values (our design).</summary>
/// <remarks>Drift by absolute error (Page–Hinkley over the error in units of the usual one). Not thread-safe; sends and waits for nothing itself.</remarks>
public sealed class RegionSite
{
    private const double EvictBelow = -3;
    private const int Half = 16;
    private const float Pull = 0.02f;
    private const int MostWaiting = 64;
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly ValueRegions regions;
    private readonly TimeProvider clock;
    private readonly ExampleStore replay;
    private readonly ExampleStore examples;
    private readonly DemandBook demand;
    private readonly RecentBatches recent;
    private readonly PageHinkley trigger = new(tolerance: 0.1, threshold: 20);
    private readonly PortableRandom random;
    private readonly ulong[] regionIds;
    private readonly double[] recall;
    private readonly uint lineage;
    private readonly List<(ClassKnowledge Knowledge, KnowledgePacket Packet, PacketOrigin Origin)> waiting = [];
    private double usualError;
    private long quiet;

    /// <summary>A site with a network [features, units…, 1]; <paramref name="setup"/> names the regions as its classes.</summary>
    /// <exception cref="ModelMismatchException">The network gives more than one value, or takes other rows, or the classes are not the regions.</exception>
    public RegionSite(SiteSetup setup, ValueRegions regions, ISiteModel model, CanoeSettings settings, TimeProvider clock)
    {
        if (model.ClassCount != 1 || model.FeatureCount != setup.RowSize || !setup.Classes.SequenceEqual(regions.Names))
        {
            throw new ModelMismatchException($"{setup.Name}: a network from {setup.RowSize} features to one value is needed, not {model.FeatureCount} to {model.ClassCount}, and classes named as the regions");
        }

        (this.setup, this.regions, this.settings, this.clock) = (setup, regions, settings, clock);
        Ensemble = new RegionEnsemble(model) { SpecialistRate = settings.SpecialistRate };
        replay = new ExampleStore(regions.Count, settings.ReplayPerClass, new PortableRandom(setup.Seed, 0));
        examples = new ExampleStore(regions.Count, settings.Extraction.Examples, new PortableRandom(setup.Seed, 3), distinct: true);
        random = new PortableRandom(setup.Seed, 1);
        demand = new DemandBook(settings, regions.Count);
        recent = new RecentBatches(regions.Count);
        regionIds = [.. regions.Names.Select(SiteSetup.LabelId)];
        recall = new double[regions.Count];
        lineage = (uint)ModelHash;
    }

    /// <summary>The additive model.</summary>
    public RegionEnsemble Ensemble { get; }

    /// <summary>False while it asks nobody.</summary>
    public bool IsAsking { get; set; } = true;

    /// <summary>Batches learned.</summary>
    public long Batches { get; private set; }

    private ulong ModelHash => PacketWriter.ContentHash(MemoryMarshal.AsBytes(Ensemble.Model.Parameters));

    /// <summary>Predicts, judges, installs, asks and learns: one batch, samples [rows, features] with a value each.</summary>
    public SiteStep Learn(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values)
    {
        Batches++;
        samples = setup.Backbone?.Apply(samples) ?? samples;
        var labels = regions.Of(values);
        var predicted = Ensemble.Predict(samples);
        var verdicts = Review(samples, values, predicted);
        var alarm = Watch(samples, values, labels, predicted);
        Store(samples, values, labels);
        verdicts.AddRange(Install());
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
    public void Deliver(ReadOnlySpan<byte> bytes, string helper)
    {
        if (PacketReader.Read(bytes).Knowledge is not { } packet || packet.Classes.Any(knowledge => knowledge.Value is null))
        {
            throw new PayloadException($"{setup.Name} was sent knowledge of classes by {helper} where regions of a value were asked for");
        }

        var content = PacketWriter.ContentHash(bytes);
        waiting.AddRange(packet.Classes.Select(knowledge => (knowledge, packet, new PacketOrigin(helper, content, packet.ModelHash, packet.Expires))));
        waiting.RemoveRange(0, Math.Max(0, waiting.Count - MostWaiting));
    }

    /// <summary>The packet for a request; null where nothing of it is known well enough.</summary>
    public byte[]? Help(KnowledgeRequest request)
    {
        var extractor = new RegionExtractor(settings.Extraction with { BudgetBytes = Math.Min(request.BudgetBytes, settings.Extraction.BudgetBytes) });
        ClassKnowledge[] known = [.. request.Classes
            .Select(wanted => Array.IndexOf(regionIds, wanted.LabelId))
            .Where(region => region >= 0)
            .Select(region => extractor.Extract(regionIds[region], region, Ensemble.Model, examples, random))
            .OfType<ClassKnowledge>()];
        return known.Length == 0 ? null : PacketWriter.Write(new KnowledgePacket
        {
            ModelHash = ModelHash,
            Lineage = lineage,
            Cut = setup.Cut,
            InputContract = setup.InputContract,
            Inputs = setup.RowSize,
            CreatedMilliseconds = clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Classes = known,
        });
    }

    /// <summary>What this site tells the directory: of each region how many rows, and how often its prediction lies in the right one.</summary>
    public SiteRecord Record() => new()
    {
        Site = setup.Name,
        ModelHash = ModelHash,
        Lineage = lineage,
        InputContract = setup.InputContract,
        Batches = Batches,
        Classes = [.. examples.Classes.Select(region => ClassRecord.Of(regionIds[region], replay.Seen(region), recall[region]))],
    };

    private List<Verdict> Review(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, float[] predicted)
    {
        List<Verdict> verdicts = [];
        foreach (var stage in Ensemble.Stages.ToArray())
        {
            var without = Ensemble.Predict(samples, stage);
            var saved = 0.0;
            for (var row = 0; row < values.Length; row++)
            {
                saved += Math.Abs(without[row] - values[row]) - Math.Abs(predicted[row] - values[row]);
            }

            stage.Gain = (0.9 * stage.Gain) + (saved / Math.Max(usualError, 1e-6));
            if (settings.IsGated && stage.Gain < EvictBelow)
            {
                Ensemble.Remove(stage);
                verdicts.Add(new Verdict(setup.Name, stage.Origin.Helper, regionIds[stage.Region], stage.Origin.Content, Refusal.Harmful, stage.Gain));
            }
        }

        return verdicts;
    }

    private bool Watch(ReadOnlyMemory<float> samples, ReadOnlySpan<float> values, int[] labels, float[] predicted)
    {
        var error = 0.0;
        var found = regions.Of(predicted);
        for (var row = 0; row < values.Length; row++)
        {
            error += Math.Abs(predicted[row] - values[row]) / values.Length;
            recall[labels[row]] += ((found[row] == labels[row] ? 1 : 0) - recall[labels[row]]) / Math.Min(replay.Seen(labels[row]) + 1, 50);
        }

        var alarm = quiet > 0 && trigger.Add(error / Math.Max(usualError, 1e-6));
        quiet++;
        usualError += (error - usualError) / Math.Min(quiet, 100);
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
            examples.Add(stored, labels[row]);
        }
    }

    private List<Verdict> Install()
    {
        List<Verdict> verdicts = [];
        foreach (var arrival in waiting.ToArray())
        {
            var refusal = Admit(arrival.Knowledge, arrival.Packet, arrival.Origin);
            if (refusal != Refusal.Untested)
            {
                waiting.Remove(arrival);
                verdicts.Add(new Verdict(setup.Name, arrival.Origin.Helper, arrival.Knowledge.LabelId, arrival.Origin.Content, refusal, 0));
            }
        }

        return verdicts;
    }

    private Refusal? Admit(ClassKnowledge knowledge, KnowledgePacket packet, PacketOrigin origin)
    {
        var region = Array.IndexOf(regionIds, knowledge.LabelId);
        if (region < 0 || packet.Cut != setup.Cut || packet.InputContract != setup.InputContract || packet.Inputs != setup.RowSize || packet.AveragingFactor != 1 || knowledge.Channels.Count > 0)
        {
            return Refusal.OtherInput;
        }

        if (origin.Expires < clock.GetUtcNow())
        {
            return Refusal.Expired;
        }

        var stage = new RegionStage(region, knowledge.RestoreRegion(), origin);
        var outside = replay.Classes.Where(other => other != region).SelectMany(replay.Rows).ToList();
        var refusal = settings.IsGated ? RegionGate.Judge(stage, Ensemble, replay.Rows(region), outside) : null;
        if (refusal is null && !Ensemble.Serves(region))
        {
            Harden(stage, replay.Rows(region), outside);
            Ensemble.Add(stage);
        }

        return refusal;
    }

    // The helper met other rows: a few steps on those here, held near what came (as §5.2).
    private void Harden(RegionStage stage, IReadOnlyList<float[]> inside, List<float[]> outside)
    {
        var anchor = stage.Network.Parameters.ToArray();
        var weights = new float[2 * Half];
        weights.AsSpan(0, Half).Fill(Math.Min(1f, inside.Count / 8f) / (2 * Half));
        weights.AsSpan(Half).Fill(-1f / (2 * Half));
        stage.Network.LearningRate = settings.SpecialistRate;
        for (var step = 0; step < settings.HardeningSteps && inside.Count > 0 && outside.Count > 0; step++)
        {
            float[][] drawn = [.. Enumerable.Range(0, 2 * Half).Select(i => i < Half ? inside[random.Below(inside.Count)] : outside[random.Below(outside.Count)])];
            RegionTraining.Step(stage.Network, drawn, weights, Pull, anchor);
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

        foreach (var arrival in waiting)
        {
            demand.Close(Array.IndexOf(regionIds, arrival.Knowledge.LabelId));
        }
    }

    private List<KnowledgeRequest> Ask() =>
        [.. demand.Ask(recent, Ensemble.Serves).Select(region => new KnowledgeRequest
        {
            Target = setup.Name,
            Classes = [new ClassDemand(regionIds[region], Math.Max(1, recent.Seen(region)))],
            Counts = replay.Classes.ToDictionary(known => regionIds[known], known => (double)replay.Seen(known)),
            InputContract = setup.InputContract,
            Lineage = lineage,
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
