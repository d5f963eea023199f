namespace FlameEdge.Collaborative.Bench;

/// <summary>A workload in which a class travels from site to site (W4): who learns after whom, and who can be asked when.</summary>
internal sealed class Travel
{
    private readonly StreamWorkload workload;

    private Travel(StreamWorkload workload) => this.workload = workload;

    /// <summary>The journey of a stored workload; null where only one site has rows of its own.</summary>
    /// <exception cref="Diagnostics.DatasetException">The file is missing or broken.</exception>
    public static Travel? Of(string stream) => StreamFiles.Workload(stream) is { Streams.Count: > 1 } workload ? new Travel(workload) : null;

    /// <summary>The site that learns a batch first.</summary>
    public int First => this.workload.Streams[0].Site;

    /// <summary>Who learns after <paramref name="site"/>; the first one again after the last. Null for a site without rows of its own.</summary>
    public int? After(int site)
    {
        var place = this.workload.Streams.ToList().FindIndex(stream => stream.Site == site);
        return place < 0 ? null : this.workload.Streams[(place + 1) % this.workload.Streams.Count].Site;
    }

    /// <summary>Who is asked at a batch: where the class came from; site 1 at the start.</summary>
    public int Candidate(int batch)
    {
        var hop = this.workload.Streams.Count(stream => stream.Phases.Count > 0 && stream.Phases[0].Batch <= batch) - 1;
        return hop <= 0 ? 1 : this.workload.Streams[hop - 1].Site;
    }
}
