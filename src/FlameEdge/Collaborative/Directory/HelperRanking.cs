namespace FlameEdge.Collaborative.Directory;

/// <summary>Ranks sites as helpers by their records (our design): the directory's rule, and that of a site that has no directory.</summary>
public static class HelperRanking
{
    /// <summary>The helpers for a request, best first: coverage ½, likeness 0.2, trust 0.15, link 0.1, freshness 0.05.</summary>
    public static IReadOnlyList<RankedHelper> Rank(KnowledgeRequest request, IEnumerable<SiteRecord> records, Func<string, double> trust, DateTimeOffset now, DirectorySettings settings) =>
        [.. records
            .Where(record => MayHelp(request, record, now, settings))
            .Select(record => new RankedHelper(record.Site, Covered(request, record, settings), Score(request, record, trust(record.Site), now, settings)))
            .Where(helper => helper.Classes.Count > 0)
            .OrderByDescending(helper => helper.Score)
            .ThenBy(helper => helper.Site, StringComparer.Ordinal)];

    /// <summary>The best helper, and a second one that is good and unlike the first (0.7 · score − 0.3 · likeness), for a fall-back with other knowledge.</summary>
    public static IReadOnlyList<RankedHelper> Pair(IReadOnlyList<RankedHelper> ranked, IEnumerable<SiteRecord> records)
    {
        if (ranked.Count < 2)
        {
            return ranked;
        }

        var known = records.ToDictionary(record => record.Site, StringComparer.Ordinal);
        var second = ranked.Skip(1).MaxBy(helper => (0.7 * helper.Score) - (0.3 * Likeness(Counts(known[helper.Site]), Counts(known[ranked[0].Site]))))!; // There is at least one.
        return [ranked[0], second];
    }

    private static bool MayHelp(KnowledgeRequest request, SiteRecord record, DateTimeOffset now, DirectorySettings settings) =>
        record.IsWilling && record.Site != request.Target && record.InputContract == request.InputContract && now - record.At <= settings.OldestRecord
        && !settings.Denied.Contains(record.Site) && !request.Excluded.Contains(record.Site);

    private static IReadOnlyList<ulong> Covered(KnowledgeRequest request, SiteRecord record, DirectorySettings settings) =>
        [.. request.Classes.Select(demand => demand.LabelId).Where(label => record.Classes.Any(known => known.LabelId == label && known.Count >= settings.LeastCount * 0.95 && known.Recall >= settings.LeastRecall))];

    private static double Score(KnowledgeRequest request, SiteRecord record, double trust, DateTimeOffset now, DirectorySettings settings)
    {
        var wanted = request.Classes.Select(demand => demand.LabelId).ToHashSet();
        var rest = request.Counts.Where(pair => !wanted.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);
        var freshness = 1 - Math.Clamp((now - record.At) / settings.OldestRecord, 0, 1);
        return (0.5 * Coverage(request, record)) + (0.2 * Likeness(rest, Counts(record))) + (0.15 * trust) + (0.1 * record.Link) + (0.05 * freshness);
    }

    private static double Coverage(KnowledgeRequest request, SiteRecord record)
    {
        var covered = 0.0;
        foreach (var demand in request.Classes)
        {
            var known = record.Classes.FirstOrDefault(known => known.LabelId == demand.LabelId);
            covered += known is null ? 0 : demand.Weight * known.Recall * Math.Min(1, known.Count / 80);
        }

        return covered / request.Classes.Sum(demand => demand.Weight);
    }

    private static Dictionary<ulong, double> Counts(SiteRecord record) => record.Classes.ToDictionary(known => known.LabelId, known => known.Count);

    private static double Likeness(Dictionary<ulong, double> first, Dictionary<ulong, double> second)
    {
        ulong[] labels = [.. first.Keys.Union(second.Keys).Order()];
        return 1 - (Divergence.JensenShannon([.. labels.Select(label => first.GetValueOrDefault(label))], [.. labels.Select(label => second.GetValueOrDefault(label))]) / Math.Log(2));
    }
}

/// <summary>A site that can help.</summary>
/// <param name="Site">Its name.</param>
/// <param name="Classes">What it can help with, of what was asked.</param>
/// <param name="Score">Its place in the ranking, in [0, 1].</param>
public sealed record RankedHelper(string Site, IReadOnlyList<ulong> Classes, double Score);
