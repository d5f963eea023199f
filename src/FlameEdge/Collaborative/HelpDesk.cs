using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>The helper in a site: keeps distinct rows, says what it knows, and cuts it out when asked.</summary>
internal sealed class HelpDesk
{
    // A popular class is extracted once for as many askers as come while so many rows are learned.
    private const int CacheRows = 320;
    private readonly SiteSetup _setup;
    private readonly CanoeSettings _settings;
    private readonly Ensemble _ensemble;
    private readonly Lineage _lineage;
    private readonly TimeProvider _clock;
    private readonly ExampleStore _examples;
    private readonly PortableRandom _random;
    private readonly ulong[] _labelIds;
    private readonly Dictionary<(int Label, int Factor, int Budget, bool IsAligned), (ClassKnowledge Knowledge, long Row)> _cache = [];
    private long _rows;

    public HelpDesk(SiteSetup setup, CanoeSettings settings, Ensemble ensemble, Lineage lineage, TimeProvider clock)
    {
        (_setup, _settings, _ensemble, _lineage, _clock) = (setup, settings, ensemble, lineage, clock);
        _examples = new ExampleStore(setup.Classes.Count, settings.Extraction.Examples, new PortableRandom(setup.Seed, 3), distinct: true);
        _random = new PortableRandom(setup.Seed, 4);
        _labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
    }

    /// <summary>The lineage of the site's network.</summary>
    public uint Lineage => _lineage.Id;

    private ulong ModelHash => PacketWriter.ContentHash(MemoryMarshal.AsBytes(_ensemble.Model.Parameters));

    /// <summary>Keeps a row.</summary>
    public void Add(ReadOnlySpan<float> row, int label)
    {
        _examples.Add(row, label);
        _rows++;
    }

    /// <summary>What the site tells of itself.</summary>
    public SiteRecord Record(long batches, Func<int, double> count, Func<int, double> recall) => new()
    {
        Site = _setup.Name,
        ModelHash = ModelHash,
        Lineage = Lineage,
        InputContract = _setup.InputContract,
        Batches = batches,
        Classes = [.. _examples.Classes.Select(label => ClassRecord.Of(_labelIds[label], count(label), recall(label)))],
    };

    /// <summary>The packet for a request; null where nothing of it is known well enough.</summary>
    public byte[]? Answer(KnowledgeRequest request)
    {
        if (request.WantsModel)
        {
            return PacketWriter.Write(ModelPacket.Of(_ensemble.Model, ModelHash, _setup.InputContract, _labelIds));
        }

        var averaging = _setup.SampleShape is [var channels, var height, var width] && request.AveragingFactor > 1
            ? new InputAveraging(channels, height, width, Math.Min(request.AveragingFactor, Math.Min(height, width)))
            : InputAveraging.None(_ensemble.Model.FeatureCount);
        ClassKnowledge[] known = [.. request.Classes.Select(demand => Knowledge(demand.LabelId, request, averaging)).OfType<ClassKnowledge>()];
        return known.Length == 0 ? null : PacketWriter.Write(new KnowledgePacket
        {
            ModelHash = ModelHash,
            Lineage = Lineage,
            InputContract = _setup.InputContract,
            Inputs = averaging.Outputs,
            AveragingFactor = averaging.Factor,
            CreatedMilliseconds = _clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Classes = known,
        });
    }

    private ClassKnowledge? Knowledge(ulong labelId, KnowledgeRequest request, InputAveraging averaging)
    {
        var label = Array.IndexOf(_labelIds, labelId);
        if (label < 0)
        {
            return null;
        }

        var isAligned = _settings.Extraction.AlignedDeltas > 0 && request.Lineage == Lineage;
        var key = (label, averaging.Factor, request.BudgetBytes, isAligned);
        if (_cache.TryGetValue(key, out var cached) && _rows - cached.Row < CacheRows)
        {
            return cached.Knowledge;
        }

        var extractor = new SpecialistExtractor(new TaylorSignificance(), _settings.Extraction with { BudgetBytes = Math.Min(request.BudgetBytes, _settings.Extraction.BudgetBytes) });
        var knowledge = extractor.Extract(labelId, label, _ensemble.Model, _ensemble.Of(label).FirstOrDefault(), _examples, averaging, _random);
        if (knowledge is not null && isAligned)
        {
            var rest = _examples.Classes.Where(other => other != label).SelectMany(_examples.Rows);
            var sample = new ClassSample(label, BinaryTraining.Stack(_examples.Rows(label)), BinaryTraining.Stack([.. rest]));
            knowledge = knowledge with { Aligned = AlignedExtractor.Extract(_ensemble.Model, _lineage.Ancestor, sample, _settings.Extraction.AlignedDeltas) };
        }

        if (knowledge is not null)
        {
            _cache[key] = (knowledge, _rows);
        }

        return knowledge;
    }
}
