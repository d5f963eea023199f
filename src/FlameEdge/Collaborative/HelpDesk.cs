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
    private const int MostCached = 64;
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly Ensemble ensemble;
    private readonly Lineage lineage;
    private readonly TimeProvider clock;
    private readonly ExampleStore examples;
    private readonly PortableRandom random;
    private readonly ulong[] labelIds;
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
        ClassKnowledge[] known = [.. request.Classes.Select(demand => Knowledge(demand.LabelId, request, averaging)).OfType<ClassKnowledge>()];
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

        var extractor = new SpecialistExtractor(new TaylorSignificance(), this.settings.Extraction with { BudgetBytes = Math.Min(request.BudgetBytes, this.settings.Extraction.BudgetBytes) });
        var knowledge = extractor.Extract(labelId, label, this.ensemble.Model, this.ensemble.Of(label).FirstOrDefault(), examples, averaging, random);
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
