namespace FlameEdge.Collaborative.Directory;

/// <summary>Says when a site's record is worth sending: on change, not on time, so that a quiet fleet is silent (our design).</summary>
public sealed class RecordPublisher(TimeProvider clock)
{
    private const double LeastDivergence = 0.05;

    // Recall is a mean over fifty rows, and over fewer while a class is young: changes of 0.1 are chance, and each told the directory what it knew.
    private const double LeastRecallChange = 0.2;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(10);
    private SiteRecord? last;
    private DateTimeOffset at;

    /// <summary>True where <paramref name="record"/> differs enough from the last that was sent, which it then is: classes spread differently by JS / ln 2 above 0.05, a recall moved by more than 0.2, its willingness or lineage changed, or ten minutes passed.</summary>
    public bool IsDue(SiteRecord record)
    {
        var now = clock.GetUtcNow();
        if (this.last is not null && now - at < s_longest && !Differs(this.last, record))
        {
            return false;
        }

        (this.last, at) = (record, now);
        return true;
    }

    private static bool Differs(SiteRecord last, SiteRecord record)
    {
        if (last.IsWilling != record.IsWilling || last.Lineage != record.Lineage || last.Incarnation != record.Incarnation || last.InputContract != record.InputContract)
        {
            return true;
        }

        var before = last.Classes.ToDictionary(known => known.LabelId);
        var after = record.Classes.ToDictionary(known => known.LabelId);
        ulong[] labels = [.. before.Keys.Union(after.Keys).Order()];
        return Divergence.JensenShannon([.. labels.Select(label => before.GetValueOrDefault(label)?.Count ?? 0)], [.. labels.Select(label => after.GetValueOrDefault(label)?.Count ?? 0)]) / Math.Log(2) > LeastDivergence
            || labels.Any(label => Math.Abs((before.GetValueOrDefault(label)?.Recall ?? 0) - (after.GetValueOrDefault(label)?.Recall ?? 0)) > LeastRecallChange);
    }
}
