using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Regression;

/// <summary>The helper in a site that predicts a number: keeps distinct rows of each region, says what it knows, and cuts it out when asked.</summary>
internal sealed class RegionDesk : IRemembered
{
    private readonly SiteSetup setup;
    private readonly CanoeSettings settings;
    private readonly ISiteModel model;
    private readonly PortableRandom random;
    private readonly TimeProvider clock;
    private readonly ExampleStore examples;
    private readonly ulong[] regionIds;

    public RegionDesk(SiteSetup setup, CanoeSettings settings, ISiteModel model, PortableRandom random, TimeProvider clock)
    {
        (this.setup, this.settings, this.model, this.random, this.clock) = (setup, settings, model, random, clock);
        examples = new ExampleStore(setup.Classes.Count, settings.Extraction.Examples, new PortableRandom(setup.Seed, 3), distinct: true);
        regionIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
        Lineage = (uint)ModelHash;
    }

    /// <summary>Where the network began.</summary>
    public uint Lineage { get; }

    private ulong ModelHash => PacketWriter.ContentHash(MemoryMarshal.AsBytes(this.model.Parameters));

    /// <summary>Keeps a row [features…, value].</summary>
    public void Add(float[] row, int region) => examples.Add(row, region);

    /// <summary>The packet for a request; null where nothing of it is known well enough.</summary>
    public byte[]? Answer(KnowledgeRequest request)
    {
        var extractor = new RegionExtractor(this.settings.Extraction with { BudgetBytes = Math.Min(request.BudgetBytes, this.settings.Extraction.BudgetBytes) });
        ClassKnowledge[] known = [.. request.Classes
            .Select(wanted => Array.IndexOf(regionIds, wanted.LabelId))
            .Where(region => region >= 0)
            .Select(region => extractor.Extract(regionIds[region], region, this.model, examples, this.random))
            .OfType<ClassKnowledge>()];
        return known.Length == 0 ? null : PacketWriter.Write(new KnowledgePacket
        {
            ModelHash = ModelHash,
            Lineage = Lineage,
            Cut = this.setup.Cut,
            InputContract = this.setup.InputContract,
            Inputs = this.setup.RowSize,
            CreatedMilliseconds = this.clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Classes = known,
        });
    }

    /// <summary>What the site tells the directory: of each region how many rows, and how often its prediction lies in the right one.</summary>
    public SiteRecord Record(long batches, Func<int, double> count, Func<int, double> recall) => new()
    {
        Site = this.setup.Name,
        ModelHash = ModelHash,
        Lineage = Lineage,
        InputContract = this.setup.InputContract,
        Batches = batches,
        Classes = [.. examples.Classes.Select(region => ClassRecord.Of(regionIds[region], count(region), recall(region)))],
    };

    void IRemembered.Write(SnapshotWriter writer) => ((IRemembered)examples).Write(writer);

    void IRemembered.Read(SnapshotReader reader) => ((IRemembered)examples).Read(reader);
}
