using FlameEdge.Channels;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Hosting.Agents;

/// <summary>Cuts what an agent says to what a retained notice holds; counts always stay whole.</summary>
internal static class NoticeSize
{
    private const int LongestReason = 200;
    private static readonly int Limit = BulletinTopic.MaximumRetainedBytes;

    /// <summary>The birth with as many datasets as fit, and where even that is too much, without labels of them, then without labels.</summary>
    public static byte[] Fit(AgentBirth birth)
    {
        var whole = birth with { DatasetCount = birth.Datasets.Count };
        if (Cut(whole.Datasets, datasets => Write(whole with { Datasets = datasets })) is { } withLabels && (withLabels.Kept > 0 || whole.Datasets.Count == 0))
        {
            return withLabels.Json;
        }

        var bare = whole with { Datasets = [.. whole.Datasets.Select(dataset => dataset with { Labels = null })] };
        return Cut(bare.Datasets, datasets => Write(bare with { Datasets = datasets }))?.Json
            ?? Cut([.. bare.Labels], labels => Write(bare with { Datasets = [], Labels = labels.ToDictionary(StringComparer.Ordinal) }))?.Json
            ?? Write(bare with { Datasets = [], Labels = new Dictionary<string, string>(StringComparer.Ordinal), Programs = [.. bare.Programs.Take(20)] });
    }

    /// <summary>The state with as much work as fits, and counts by phase where some is left out. The phase that most work is in comes last, so that what is left out is all in that one.</summary>
    public static byte[] Fit(AgentState state)
    {
        var most = state.Work.CountBy(report => report.Phase).OrderByDescending(count => count.Value).ThenByDescending(count => count.Key == WorkPhase.Running).Select(count => count.Key).FirstOrDefault();
        var work = state.Work.OrderBy(report => report.Phase == most).Select(report => report with { Reason = Short(report.Reason) }).ToList();
        var all = state with { Work = work, Reason = Short(state.Reason) };
        var json = Write(all);
        if (json.Length <= Limit)
        {
            return json;
        }

        var counted = all with { WorkCount = Count(work) };
        var refused = counted.Config?.Refused ?? [];
        return Cut(work, reports => Write(counted with { Work = reports }))?.Json
            ?? Cut(refused, keys => Write(counted with { Work = [], Config = counted.Config! with { Refused = keys } }))?.Json // not null: it is what is too long
            ?? Write(counted with { Work = [], Config = null });
    }

    /// <summary>Workers by phase.</summary>
    public static Dictionary<string, int> Count(IEnumerable<WorkReport> work) =>
        work.CountBy(report => report.Phase).ToDictionary(count => count.Key.ToString().ToLowerInvariant(), count => count.Value, StringComparer.Ordinal);

    /// <summary>At most 200 characters.</summary>
    public static string? Short(string? reason) => reason is { Length: > LongestReason } ? reason[..(LongestReason - 1)] + "…" : reason;

    // The longest beginning of a list whose text fits, found by halving; null where even none of it does.
    private static (byte[] Json, int Kept)? Cut<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, byte[]> write)
    {
        var (fits, tooMany) = (-1, items.Count + 1);
        byte[] best = [];
        for (var tried = items.Count; tooMany - fits > 1; tried = (fits + tooMany) / 2)
        {
            var json = write([.. items.Take(tried)]);
            if (json.Length <= Limit)
            {
                (fits, best) = (tried, json);
            }
            else
            {
                tooMany = tried;
            }
        }

        return fits < 0 ? null : (best, fits);
    }

    private static byte[] Write(AgentBirth birth) => FleetJson.Write(birth, FleetJson.Default.AgentBirth);

    private static byte[] Write(AgentState state) => FleetJson.Write(state, FleetJson.Default.AgentState);
}
