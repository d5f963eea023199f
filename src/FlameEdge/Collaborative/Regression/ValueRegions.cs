namespace FlameEdge.Collaborative.Regression;

/// <summary>Regions of a value: what classes are where a site predicts a number. A region is asked for, cut out and judged as a class is (our design).</summary>
/// <param name="Quantity">What the value is, in words that all sites use: <c>PM2.5 µg/m³</c>.</param>
/// <param name="Edges">Where one region ends and the next begins, ascending; region 0 is below the first, the last at or above the last.</param>
public sealed record ValueRegions(string Quantity, IReadOnlyList<float> Edges)
{
    /// <summary>Number of regions.</summary>
    public int Count => Edges.Count + 1;

    /// <summary>Names of the regions, in order: equal where quantity and edges are.</summary>
    public IReadOnlyList<string> Names => [.. Enumerable.Range(0, Count).Select(region => FormattableString.Invariant($"{Quantity} in [{(region == 0 ? float.NegativeInfinity : Edges[region - 1])}, {(region < Edges.Count ? Edges[region] : float.PositiveInfinity)})"))];

    /// <summary>The region of a value.</summary>
    public int Of(float value)
    {
        var region = 0;
        while (region < Edges.Count && value >= Edges[region])
        {
            region++;
        }

        return region;
    }

    /// <summary>The regions of values.</summary>
    public int[] Of(ReadOnlySpan<float> values)
    {
        var regions = new int[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            regions[i] = Of(values[i]);
        }

        return regions;
    }
}
