using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Directory;

/// <summary>Knows who knows what: holds records and verdicts, never models or rows. A server, or any site for itself.</summary>
/// <remarks>Not thread-safe. Memory: a record per site, and the latest unanswered request of each.</remarks>
public sealed class HelperDirectory(string name, DirectorySettings settings, TimeProvider clock, Func<string, bool>? isPresent = null)
{
    private readonly SortedDictionary<string, SiteRecord> records = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, KnowledgeRequest> standing = new(StringComparer.Ordinal);
    private readonly TrustLedger trust = new(name);

    /// <summary>The records, by site.</summary>
    public IReadOnlyCollection<SiteRecord> Records => this.records.Values;

    /// <summary>Takes a site's record; gives back the standing requests that it can now answer, which stand no longer.</summary>
    public IReadOnlyList<(KnowledgeRequest Request, RankedHelper Helper)> Publish(SiteRecord record)
    {
        this.records[record.Site] = record with { At = clock.GetUtcNow() };
        List<(KnowledgeRequest, RankedHelper)> answers = [];
        foreach (var request in this.standing.Values.ToArray())
        {
            if (HelperRanking.Rank(request, [this.records[record.Site]], trust.Of, clock.GetUtcNow(), settings) is [var helper])
            {
                answers.Add((request, helper));
                this.standing.Remove(request.Target);
            }
        }

        return answers;
    }

    /// <summary>Forgets a site that has left.</summary>
    public void Leave(string site)
    {
        this.records.Remove(site);
        this.standing.Remove(site);
    }

    /// <summary>Helpers for a request, best first; a request that nobody can answer stands until somebody can.</summary>
    public IReadOnlyList<RankedHelper> Ask(KnowledgeRequest request)
    {
        var ranked = HelperRanking.Rank(request, this.records.Values.Where(record => isPresent?.Invoke(record.Site) ?? true), trust.Of, clock.GetUtcNow(), settings);
        if (ranked.Count == 0)
        {
            this.standing[request.Target] = request;
        }
        else
        {
            this.standing.Remove(request.Target);
        }

        return ranked;
    }

    /// <summary>Takes a target's verdict.</summary>
    public void Take(Verdict verdict) => trust.Add(verdict);

    /// <summary>The counts that trust comes from, accepted and refused by helper: to be kept over restarts.</summary>
    public Dictionary<string, double[]> TrustCounts
    {
        get => trust.Counts;
        set => trust.Counts = value;
    }

    /// <summary>Trust in a site, in (0, 1).</summary>
    public double Trust(string site) => trust.Of(site);
}
