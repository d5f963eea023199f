namespace FlameEdge.Models;

/// <summary>Parts a dataset by rows drawn with a seed.</summary>
public static class RowSplit
{
    /// <summary>Two datasets of the rows' own order: those kept, at least one, and a share of them all, rounded down.</summary>
    /// <param name="data">At least one row.</param>
    /// <param name="share">Of the second, in [0, 1).</param>
    /// <param name="seed">Which rows.</param>
    public static (Dataset Kept, Dataset HeldOut) Of(Dataset data, double share, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, data.Count)];
        new PortableRandom(seed).Shuffle(order);
        var held = Math.Clamp((int)(share * data.Count), 0, Math.Max(0, data.Count - 1));
        return (Rows(data, order[held..]), Rows(data, order[..held]));
    }

    /// <summary>Some of the rows, ascending.</summary>
    public static Dataset Rows(Dataset data, IEnumerable<int> indices)
    {
        int[] rows = [.. indices.Order()];
        var features = new float[checked(rows.Length * data.FeatureCount)];
        var labels = new int[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            data.Features.Span.Slice(rows[i] * data.FeatureCount, data.FeatureCount).CopyTo(features.AsSpan(i * data.FeatureCount));
            labels[i] = data.Labels.Span[rows[i]];
        }

        return new(data.Name, data.SampleShape, data.ClassCount, features, labels);
    }
}
