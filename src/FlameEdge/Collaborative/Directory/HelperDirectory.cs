using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Directory;

/// <summary>Knows who knows what: holds records and verdicts, never models or rows. A server, or any site for itself.</summary>
/// <remarks>Not thread-safe. Memory: a record per site, and of its requests what is unanswered, each class once.</remarks>
public sealed class HelperDirectory(string name, DirectorySettings settings, TimeProvider clock, Func<string, bool>? isPresent = null)
{
    private readonly SortedDictionary<string, SiteRecord> records = new(StringComparer.Ordinal);
    private readonly List<KnowledgeRequest> standing = [];
    private readonly TrustLedger trust = new(name);

    /// <summary>The records, by site.</summary>
    public IReadOnlyCollection<SiteRecord> Records => this.records.Values;

    /// <summary>Takes a site's record; gives back the standing requests that it can now answer, wholly or in part, which stand no longer or with the rest.</summary>
    public IReadOnlyList<(KnowledgeRequest Request, RankedHelper Helper)> Publish(SiteRecord record)
    {
        this.records[record.Site] = record with { At = clock.GetUtcNow() };
        List<(KnowledgeRequest, RankedHelper)> answers = [];
        foreach (var request in this.standing.ToArray())
        {
            if (HelperRanking.Rank(request, [this.records[record.Site]], trust.Of, clock.GetUtcNow(), settings) is [var helper])
            {
                answers.Add((request, helper));
                Stand(request, [helper]);
            }
        }

        return answers;
    }

    /// <summary>Forgets a site that has left.</summary>
    public void Leave(string site)
    {
        this.records.Remove(site);
        this.standing.RemoveAll(request => request.Target == site);
    }

    /// <summary>Helpers for a request, best first; the classes that none of them can help with stand until somebody can.</summary>
    public IReadOnlyList<RankedHelper> Ask(KnowledgeRequest request)
    {
        var ranked = HelperRanking.Rank(request, this.records.Values.Where(record => isPresent?.Invoke(record.Site) ?? true), trust.Of, clock.GetUtcNow(), settings);
        Stand(request, ranked);
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

    // Who knows one of two new classes may be there first: the other is waited for all the same.
    private void Stand(KnowledgeRequest request, IReadOnlyList<RankedHelper> helpers)
    {
        foreach (var (i, older) in this.standing.Index().Where(entry => entry.Item.Target == request.Target && entry.Item.WantsModel == request.WantsModel).ToArray())
        {
            this.standing[i] = older with { Classes = [.. older.Classes.Where(demand => request.Classes.All(asked => asked.LabelId != demand.LabelId))] };
        }

        this.standing.RemoveAll(older => older.Classes.Count == 0);
        ClassDemand[] rest = request.WantsModel && helpers.Count > 0 ? [] : [.. request.Classes.Where(demand => !helpers.Any(helper => helper.Classes.Contains(demand.LabelId)))];
        if (rest.Length > 0)
        {
            this.standing.Add(request with { Classes = rest });
        }
    }
}
