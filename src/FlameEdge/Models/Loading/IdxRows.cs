using System.Numerics.Tensors;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>The selected rows of an IDX file of images and one of labels; an image of one plane has shape [1, height, width].</summary>
internal sealed class IdxRows : RowTable
{
    private readonly IdxFile _images;
    private readonly int[] _rows;
    private readonly double _scale;

    private IdxRows(IdxFile images, int[] rows, double scale)
    {
        _images = images;
        _rows = rows;
        _scale = scale;
    }

    /// <summary>Opens both files and selects the rows.</summary>
    /// <param name="source">What to read.</param>
    /// <param name="read">Reads one file, or takes it from where it has been read already.</param>
    public static IdxRows Open(SourceSpec source, Func<string, IdxFile> read)
    {
        if (source.Paths.Count != 1 || source.LabelsPath is null)
        {
            throw new DatasetException("an idx source needs one file of images under 'paths' and the file of its labels under 'labelsPath'");
        }

        RowSelection.RequireNoColumns(source);
        var (images, labels) = (read(source.Paths[0]), read(source.LabelsPath));
        RequirePair(source, images, labels);
        var rows = RowSelection.Indices(source.Paths[0], images.Dimensions[0], source.Rows);
        var classCount = LabelClasses.CountOf(source, source.LabelsPath, TensorPrimitives.Max<byte>(labels.Bytes));
        return new IdxRows(images, rows, source.Scale)
        {
            Name = source.Paths[0],
            SampleShape = images.Dimensions.Count == 3 ? [1, .. images.Dimensions.Skip(1)] : [.. images.Dimensions.Skip(1)],
            ClassCount = classCount,
            Labels = [.. rows.Select(row => Label(source.LabelsPath, labels.Bytes[row], row, classCount))],
        };
    }

    /// <inheritdoc/>
    public override void Read(int row, Span<double> features)
    {
        TensorPrimitives.ConvertChecked<byte, double>(_images.Bytes.AsSpan(_rows[row] * features.Length, features.Length), features);
        TensorPrimitives.Multiply(features, _scale, features);
    }

    /// <inheritdoc/>
    public override string FeatureName(int feature) => $"pixel {feature}";

    /// <inheritdoc/>
    public override string Place(int row) => $"{Name}, image {_rows[row]}";

    private static void RequirePair(SourceSpec source, IdxFile images, IdxFile labels)
    {
        if (images.Dimensions.Count < 2)
        {
            throw SourceFile.Fault(source.Paths[0], "the file has one dimension, like labels; 'paths' takes the images and 'labelsPath' the labels");
        }

        if (labels.Dimensions.Count != 1)
        {
            throw SourceFile.Fault(source.LabelsPath!, "the file has more than one dimension, like images; 'labelsPath' takes the labels"); // Open refused null.
        }

        if (images.Dimensions[0] != labels.Dimensions[0])
        {
            throw SourceFile.Fault(source.LabelsPath!, $"{labels.Dimensions[0]} labels do not fit {images.Dimensions[0]} images of {source.Paths[0]}; take the two files of one set");
        }
    }

    private static int Label(string path, int label, int row, int classCount) => label < classCount
        ? label
        : throw SourceFile.Fault(path, $"label {label} of image {row} is outside 0..{classCount - 1}; correct 'classes'");
}
