namespace FlameEdge.Scenarios.Curves;

/// <summary>A job file as plain text, cut where its <c>topology:</c> section begins and ends.</summary>
internal sealed record JobText(string Before, string Topology, string After)
{
    private const string Key = "topology:";

    public static JobText Of(string text)
    {
        var lines = text.Split('\n');
        var first = Array.FindIndex(lines, line => line.StartsWith(Key, StringComparison.Ordinal));
        Assert.True(first >= 0, "the job has no topology section");
        var next = Array.FindIndex(lines, first + 1, IsTopLevel);
        var end = next < 0 ? lines.Length : next;
        return new(Text(lines[..first]), Text(lines[first..end]), string.Join('\n', lines[end..]));
    }

    /// <summary>The same job with another graph; the section given must be that and nothing else.</summary>
    public JobText With(string topology)
    {
        var lines = topology.Split('\n');
        Assert.StartsWith(Key, lines[0]);
        Assert.DoesNotContain(lines.Skip(1), IsTopLevel);
        return this with { Topology = topology };
    }

    public override string ToString() => Before + Topology + After;

    private static bool IsTopLevel(string line) => line.Length > 0 && !char.IsWhiteSpace(line[0]);

    private static string Text(string[] lines) => string.Concat(lines.Select(line => line + '\n'));
}
