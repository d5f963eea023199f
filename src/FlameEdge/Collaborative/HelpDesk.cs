using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>The helper in a site: keeps distinct rows, says what it knows, and cuts it out when asked.</summary>
internal sealed class HelpDesk : IRemembered
{
    // A popular class is extracted once for as many askers as come while so many rows are learned.
    private const int CacheRows = 320;
    private const int MostSent = 256;
    private const int MostCached = 64;
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly Ensemble ensemble;
    private readonly Lineage lineage;
    private readonly TimeProvider clock;
    private readonly ExampleStore examples;
    private readonly PortableRandom random;
    private readonly HashSet<ulong> revoked = [];
    private readonly ulong[] labelIds;
    private readonly OrderedDictionary<(string Target, ulong Label), SentKnowledge> sent = [];
    private readonly Dictionary<(int Label, int Factor, int Budget, bool IsAligned), (ClassKnowledge Knowledge, long Row)> cache = [];
    private long rows;

    public HelpDesk(SiteSetup setup, CanoeSettings settings, Ensemble ensemble, Lineage lineage, TimeProvider clock)
    {
        (this.setup, this.settings, this.ensemble, this.lineage, this.clock) = (setup, settings, ensemble, lineage, clock);
        examples = new ExampleStore(setup.Classes.Count, settings.Extraction.Examples, new PortableRandom(setup.Seed, 3), distinct: true);
        random = new PortableRandom(setup.Seed, 4);
        labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
    }

    /// <summary>The lineage of the site's network.</summary>
    public uint Lineage => this.lineage.Id;

    private ulong ModelHash => PacketWriter.ContentHash(MemoryMarshal.AsBytes(this.ensemble.Model.Parameters));

    /// <summary>Keeps a row.</summary>
    public void Add(ReadOnlySpan<float> row, int label)
    {
        examples.Add(row, label);
        this.rows++;
    }

    /// <summary>Passes on nothing any more that was cut from a model.</summary>
    public void Revoke(ulong modelHash)
    {
        revoked.Add(modelHash);
        foreach (var key in cache.Where(pair => pair.Value.Knowledge.Origin == modelHash).Select(pair => pair.Key).ToArray())
        {
            cache.Remove(key);
        }

        foreach (var key in sent.Where(pair => pair.Value.Whole.Origin == modelHash).Select(pair => pair.Key).ToArray())
        {
            sent.Remove(key);
        }
    }

    /// <summary>What the site tells of itself.</summary>
    public SiteRecord Record(long batches, Func<int, double> count, Func<int, double> recall) => new()
    {
        Site = this.setup.Name,
        ModelHash = ModelHash,
        Lineage = Lineage,
        InputContract = this.setup.InputContract,
        Batches = batches,
        Classes = [.. examples.Classes.Select(label => ClassRecord.Of(labelIds[label], count(label), recall(label)))],
    };

    /// <summary>The packet for a request; null where nothing of it is known well enough.</summary>
    public byte[]? Answer(KnowledgeRequest request)
    {
        if (this.ensemble.Model.Layers.Count == 0)
        {
            return null;
        }

        if (request.WantsModel)
        {
            return PacketWriter.Write(ModelPacket.Of(this.ensemble.Model, ModelHash, this.setup.InputContract, labelIds));
        }

        var averaging = SpecialistExtractor.Averaging(this.ensemble.Model, this.setup.Averaging(request.AveragingFactor));
        if (Refreshed(request, averaging) is { } refresh)
        {
            return PacketWriter.Write(refresh);
        }

        ClassKnowledge[] known = [.. request.Classes.Select(demand => Knowledge(demand.LabelId, request, averaging)).OfType<ClassKnowledge>()];
        Remember(request.Target, known);
        return known.Length == 0 ? null : PacketWriter.Write(new KnowledgePacket
        {
            ModelHash = ModelHash,
            Lineage = Lineage,
            Cut = this.setup.Cut,
            InputContract = this.setup.InputContract,
            Inputs = averaging.Outputs,
            AveragingFactor = averaging.Factor,
            CreatedMilliseconds = this.clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Classes = known,
        });
    }

    // Where the target has all it asks for as it was sent from here, only what has changed since is sent.
    private RefreshPacket? Refreshed(KnowledgeRequest request, InputAveraging averaging)
    {
        if (request.Classes.Count == 0 || !request.Classes.All(demand => sent.TryGetValue((request.Target, demand.LabelId), out var before) && before.Hash == demand.Held))
        {
            return null;
        }

        List<ClassRefresh> classes = [];
        foreach (var demand in request.Classes)
        {
            var before = sent[(request.Target, demand.LabelId)];
            var stage = new Stage(0, before.Restore(), averaging, new PacketOrigin("", 0, before.Whole.Origin, DateTimeOffset.MaxValue), before.Whole.RestoreFront());
            if (Extractor(request).Extract(demand.LabelId, Array.IndexOf(labelIds, demand.LabelId), this.ensemble.Model, stage, examples, averaging, random) is not { } now)
            {
                return null;
            }

            classes.Add(before.Next(now.Restore().Parameters, now.Claims, this.settings.Extraction.RefreshedValues));
        }

        return new RefreshPacket(ModelHash, this.setup.InputContract, this.clock.GetUtcNow().ToUnixTimeMilliseconds(), KnowledgePacket.Day, classes);
    }

    private void Remember(string target, ClassKnowledge[] known)
    {
        foreach (var knowledge in known)
        {
            sent.Remove((target, knowledge.LabelId));
            sent.Add((target, knowledge.LabelId), new SentKnowledge(knowledge));
            if (sent.Count > MostSent)
            {
                sent.RemoveAt(0);
            }
        }
    }

    private SpecialistExtractor Extractor(KnowledgeRequest request) =>
        new(this.settings.Extraction.Significance, this.settings.Extraction with { BudgetBytes = Math.Min(request.BudgetBytes, this.settings.Extraction.BudgetBytes) });

    void IRemembered.Write(SnapshotWriter writer)
    {
        ((IRemembered)examples).Write(writer);
        writer.Random(random);
        writer.Long(this.rows);
    }

    // What was cut for others is not kept: it is cut again from a network that has come back.
    void IRemembered.Read(SnapshotReader reader)
    {
        ((IRemembered)examples).Read(reader);
        reader.Random(random);
        this.rows = reader.Long();
        cache.Clear();
    }

    private ClassKnowledge? Knowledge(ulong labelId, KnowledgeRequest request, InputAveraging averaging)
    {
        var label = Array.IndexOf(labelIds, labelId);
        if (label < 0)
        {
            return null;
        }

        var isAligned = this.settings.Extraction.AlignedDeltas > 0 && request.Lineage == Lineage;
        var key = (label, averaging.Factor, request.BudgetBytes, isAligned);
        if (cache.TryGetValue(key, out var cached) && this.rows - cached.Row < CacheRows)
        {
            return cached.Knowledge;
        }

        var knowledge = Extractor(request).Extract(labelId, label, this.ensemble.Model, this.ensemble.Of(label).FirstOrDefault(stage => !revoked.Contains(stage.Origin.ModelHash)), examples, averaging, random);
        if (knowledge is not null && isAligned)
        {
            var rest = examples.Classes.Where(other => other != label).SelectMany(examples.Rows);
            var sample = new ClassSample(label, BinaryTraining.Stack(examples.Rows(label)), BinaryTraining.Stack([.. rest]));
            knowledge = knowledge with { Aligned = AlignedExtractor.Extract(this.ensemble.Model, this.lineage.Ancestor, sample, this.settings.Extraction.AlignedDeltas) };
        }

        if (knowledge is not null)
        {
            // Whoever asks decides on factor and budget: what it can make us remember is bounded.
            if (cache.Count >= MostCached)
            {
                cache.Clear();
            }

            cache[key] = (knowledge, this.rows);
        }

        return knowledge;
    }
}
