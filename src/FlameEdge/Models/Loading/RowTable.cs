namespace FlameEdge.Models.Loading;

/// <summary>The selected rows of a source, before anything is cut or standardized; features are read row by row in double.</summary>
/// <remarks>Immutable; safe for many readers.</remarks>
internal abstract class RowTable
{
    /// <summary>The source as messages name it.</summary>
    public required string Name { get; init; }

    /// <summary>Dimensions of one row.</summary>
    public required IReadOnlyList<int> SampleShape { get; init; }

    /// <summary>Number of classes of the whole source, so that all its parts agree.</summary>
    public required int ClassCount { get; init; }

    /// <summary>[rows]: the class of each.</summary>
    public required int[] Labels { get; init; }

    /// <summary>The values that the labels are bands of; null where labels are classes.</summary>
    public MeasuredLabels? Measured { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Labels.Length;

    /// <summary>Values per row.</summary>
    public int FeatureCount => SampleShape.Aggregate(1, (product, dimension) => product * dimension);

    /// <summary>Reads one row's features, scaled, NaN where missing: [featureCount].</summary>
    public abstract void Read(int row, Span<double> features);

    /// <summary>What messages call a feature.</summary>
    public virtual string FeatureName(int feature) => $"{feature}";

    /// <summary>What messages call a row.</summary>
    public virtual string Place(int row) => $"{Name}, row {row}";

    /// <summary>The rows whose column holds exactly this text; null where the source has no columns.</summary>
    public virtual int[]? RowsWith(string column, string value) => null;
}
