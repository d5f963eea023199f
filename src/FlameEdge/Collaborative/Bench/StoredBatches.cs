using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>A site of a stored stream: the warm-up of its own rows, then the workload's, or its own again where the workload has none for it.</summary>
internal sealed class StoredBatches(StreamData data, StreamWorkload workload, int site) : IBatchSource
{
    private readonly SiteStream? stream = workload.Streams.FirstOrDefault(stream => stream.Site == site);

    /// <summary>True where the workload has rows of its own for this site.</summary>
    public bool HasStream => this.stream is not null;

    public string Dataset => data.Base.Dataset;

    /// <summary>Where this site's random draws start, as in a run in memory.</summary>
    public ulong Seed => (ulong)((data.Base.Seed * 100) + site);

    public IReadOnlyList<string> Classes => data.Base.ClassNames;

    public IReadOnlyList<int> SampleShape => data.Rows.SampleShape;

    public int WarmUp => data.Base.Sites[site].PretrainBatches;

    public long? Length => WarmUp + workload.Batches;

    public bool MayAsk(long index) => this.stream is not null && index >= WarmUp + (this.stream.Phases.Count == 0 ? 0 : this.stream.Phases[0].Batch);

    public Batch At(long index)
    {
        var rows = this.stream is not null && index >= WarmUp ? data.RowsOf(this.stream, (int)index - WarmUp) : data.Cycle(site, (int)index);
        return new Batch(data.Rows.Features(rows), data.Rows.Labels(rows));
    }

    /// <summary>Settings with the stream's own figures for replay.</summary>
    public CanoeSettings Settings(CanoeSettings settings) => settings with { ReplayPerClass = data.Base.ReplayPerClass, ReplayedRows = data.Base.ReplayedPerStep };

    /// <summary>A network as all sites of the stream begin with.</summary>
    public DenseNetwork Model() => DenseNetwork.Drawn((ulong)data.Base.Seed, [.. data.Base.Model.Layers], weightDecay: data.Base.WeightDecay);

    /// <summary>What the right helper sends where a share of its packets is bad; null for any other site.</summary>
    /// <exception cref="DatasetException">The workload has no such share.</exception>
    public StoredOffers? Offers(string share)
    {
        var faults = workload.Offers?.GetValueOrDefault(share) ?? throw new DatasetException($"{workload.Workload} of {workload.Dataset} has no packets of which {share} % are bad; remove canoe.offers, or play W7");
        return site == StoredOffers.Helper ? new StoredOffers(faults, data.Base.Seed, SiteSetup.LabelId(data.Base.ClassNames[data.Base.Sites[site].Classes.First(known => !data.Base.Roles.New.Contains(known))])) : null;
    }

    public TestRows? Test(long index)
    {
        if (this.stream is null || index < WarmUp)
        {
            return null;
        }

        var (features, labels) = data.Test(site);
        return new TestRows(features, labels, StreamData.Present(data.Base.Sites[site], this.stream, (int)index - WarmUp));
    }
}
