using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Directory;

/// <summary>Knows who knows what: holds records and verdicts, never models or rows. A server, or any site for itself.</summary>
/// <remarks>Not thread-safe. Memory: a record per site, and the latest unanswered request of each.</remarks>
public sealed class HelperDirectory(string name, DirectorySettings settings, TimeProvider clock)
{
    private readonly SortedDictionary<string, SiteRecord> _records = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, KnowledgeRequest> _standing = new(StringComparer.Ordinal);
    private readonly TrustLedger _trust = new(name);

    /// <summary>The records, by site.</summary>
    public IReadOnlyCollection<SiteRecord> Records => _records.Values;

    /// <summary>Takes a site's record; gives back the standing requests that it can now answer, which stand no longer.</summary>
    public IReadOnlyList<(KnowledgeRequest Request, RankedHelper Helper)> Publish(SiteRecord record)
    {
        _records[record.Site] = record with { At = clock.GetUtcNow() };
        List<(KnowledgeRequest, RankedHelper)> answers = [];
        foreach (var request in _standing.Values.ToArray())
        {
            if (HelperRanking.Rank(request, [_records[record.Site]], _trust.Of, clock.GetUtcNow(), settings) is [var helper])
            {
                answers.Add((request, helper));
                _standing.Remove(request.Target);
            }
        }

        return answers;
    }

    /// <summary>Forgets a site that has left.</summary>
    public void Leave(string site)
    {
        _records.Remove(site);
        _standing.Remove(site);
    }

    /// <summary>Helpers for a request, best first; a request that nobody can answer stands until somebody can.</summary>
    public IReadOnlyList<RankedHelper> Ask(KnowledgeRequest request)
    {
        var ranked = HelperRanking.Rank(request, _records.Values, _trust.Of, clock.GetUtcNow(), settings);
        if (ranked.Count == 0)
        {
            _standing[request.Target] = request;
        }
        else
        {
            _standing.Remove(request.Target);
        }

        return ranked;
    }

    /// <summary>Takes a target's verdict.</summary>
    public void Take(Verdict verdict) => _trust.Add(verdict);

    /// <summary>Trust in a site, in (0, 1).</summary>
    public double Trust(string site) => _trust.Of(site);
}
