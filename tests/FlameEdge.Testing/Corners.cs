using System.Globalization;
using FlameEdge.Models;

namespace FlameEdge.Testing;

/// <summary>Noisy corners of a square: three classes that a small network learns in a hundred batches of 16, in an order that a test decides.</summary>
public static class Corners
{
    /// <summary>Batches before anything changes.</summary>
    public const int WarmUp = 150;

    /// <summary>Batches that know only <paramref name="before"/>, then more with all three classes.</summary>
    public static Dataset Stream(string name, int[] before, int after)
    {
        var random = new PortableRandom((ulong)name.Length, name[^1]);
        int[] labels = [.. Cycle(before, WarmUp), .. Cycle([0, 1, 2], after)];
        float[] features = [.. labels.SelectMany(label => Row(label, random))];
        return new Dataset(name, [2], 3, features, labels);
    }

    /// <summary>The same as text with the columns x, y and label.</summary>
    public static string Csv(string name, int[] before, int after)
    {
        var data = Stream(name, before, after);
        var lines = Enumerable.Range(0, data.Count).Select(row => string.Create(CultureInfo.InvariantCulture, $"{data.Features.Span[2 * row]},{data.Features.Span[(2 * row) + 1]},{data.Labels.Span[row]}"));
        return "x,y,label\n" + string.Join('\n', lines) + "\n";
    }

    private static IEnumerable<int> Cycle(int[] classes, int batches) => Enumerable.Range(0, 16 * batches).Select(i => classes[i % classes.Length]);

    private static float[] Row(int label, PortableRandom random) =>
        [(float)((label % 2 == 0 ? -1 : 1) + (0.3 * random.Normal())), (float)((label < 2 ? -1 : 1) + (0.3 * random.Normal()))];
}
