namespace FlameEdge.Collaborative.Bench;

/// <summary>A seed's streams with their rows.</summary>
internal sealed class StreamData(StreamBase files, StreamRows rows)
{
    private readonly Dictionary<int, (float[] Features, int[] Labels)> tests = [];

    /// <summary>What all workloads of the seed share.</summary>
    public StreamBase Base => files;

    /// <summary>The rows.</summary>
    public StreamRows Rows => rows;

    /// <summary>The rows that a site goes through over and over: those of batch <paramref name="index"/>.</summary>
    public IReadOnlyList<int> Cycle(int site, int index)
    {
        var sequence = files.Sites[site].Sequence;
        var at = files.Batch * index % sequence.Count;
        return [.. Enumerable.Range(at, files.Batch).Select(i => sequence[i % sequence.Count])];
    }

    /// <summary>The rows of a stream's batch.</summary>
    public IReadOnlyList<int> RowsOf(SiteStream stream, int batch) => [.. stream.Rows.Skip(batch * files.Batch).Take(files.Batch)];

    /// <summary>The classes that a site meets in a batch of its stream.</summary>
    public static int[] Present(StreamSite site, SiteStream stream, int batch)
    {
        HashSet<int> present = [.. site.Classes];
        foreach (var phase in stream.Phases.Where(phase => phase.Batch <= batch))
        {
            present.UnionWith(phase.Appear);
            present.ExceptWith(phase.Disappear);
        }

        return [.. present];
    }

    /// <summary>A site's test rows, site 0's where it has none of its own.</summary>
    public (float[] Features, int[] Labels) Test(int site)
    {
        if (!tests.TryGetValue(site, out var test))
        {
            var chosen = files.Sites[site].Test ?? files.Sites[0].Test ?? [];
            tests[site] = test = (rows.Features(chosen), rows.Labels(chosen));
        }

        return test;
    }
}
