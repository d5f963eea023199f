namespace FlameEdge.Models.Loading;

/// <summary>Rows that are in memory already.</summary>
internal sealed class HeldRows(Dataset rows) : RowTable
{
    /// <summary>A table over a dataset's rows.</summary>
    public static HeldRows Of(Dataset rows) => new(rows)
    {
        Name = rows.Name,
        SampleShape = rows.SampleShape,
        ClassCount = rows.ClassCount,
        Labels = rows.Labels.ToArray(),
        Measured = rows.Measured,
    };

    /// <inheritdoc/>
    public override void Read(int row, Span<double> features)
    {
        var source = rows.Features.Span.Slice(row * FeatureCount, FeatureCount);
        for (var feature = 0; feature < source.Length; feature++)
        {
            features[feature] = source[feature];
        }
    }
}
