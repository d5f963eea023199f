namespace FlameEdge.Collaborative.Bench;

/// <summary>A seed's streams with their rows.</summary>
internal sealed class StreamData(StreamBase files, StreamRows rows)
{
    private readonly Dictionary<int, (float[] Features, int[] Labels)> tests = [];

    /// <summary>What all workloads of the seed share.</summary>
    public StreamBase Base => files;

    /// <summary>The rows.</summary>
    public StreamRows Rows => rows;

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
