using FlameEdge.Models.Loading;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>Pictures of digits, pixels in [0, 1]. After a concept shift the camera is mounted the other way up.</summary>
internal static class ImageRows
{
    /// <summary>The 8 × 8 pictures of a CSV file.</summary>
    public static StreamRows Digits(string path)
    {
        string[] pixels = [.. Enumerable.Range(0, 64).Select(i => $"p{i}")];
        var table = CsvTable.Read(path, new CsvColumns([.. pixels, "label"], [], [], FindNumbers: false));
        var columns = pixels.Select(table.Numbers).ToArray();
        return new StreamRows([64], Rows(table.Count, 64, (row, feature) => columns[feature][row] / 16), [.. table.Numbers("label").Select(label => (int)label)])
        {
            Owner = _ => 0,
            Shift = image => image.Reverse(),
        };
    }

    /// <summary>The 28 × 28 pictures of IDX files, their labels beside them; the owner is the file.</summary>
    public static StreamRows Mnist(string[] paths)
    {
        var images = paths.Select(IdxFile.Read).ToArray();
        var labels = paths.Select(path => IdxFile.Read(path.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal)));
        var rows = images.SelectMany(file => Rows(file.Dimensions[0], 784, (row, pixel) => file.Bytes[(row * 784) + pixel] / 255.0));
        var first = images[0].Dimensions[0];
        return new StreamRows([1, 28, 28], [.. rows], [.. labels.SelectMany(file => file.Bytes).Select(label => (int)label)])
        {
            Owner = row => row < first ? 0 : 1,
            Shift = image => image.Reverse(),
        };
    }

    private static float[][] Rows(int count, int width, Func<int, int, double> value)
    {
        var rows = new float[count][];
        for (var row = 0; row < count; row++)
        {
            rows[row] = new float[width];
            for (var i = 0; i < width; i++)
            {
                rows[row][i] = (float)value(row, i);
            }
        }

        return rows;
    }
}
