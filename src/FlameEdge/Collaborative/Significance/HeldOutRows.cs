using FlameEdge.Models;

namespace FlameEdge.Collaborative.Significance;

/// <summary>A helper's rows of a class and of others, a fifth of each kept aside for the test of what was cut.</summary>
/// <param name="Positives">Rows of the class.</param>
/// <param name="Negatives">Rows of other classes, evenly over them where there are enough.</param>
/// <param name="HeldPositives">Rows of the class kept aside.</param>
/// <param name="HeldNegatives">Other rows kept aside.</param>
/// <param name="Rest">The other classes.</param>
internal sealed record HeldOutRows(IReadOnlyList<float[]> Positives, IReadOnlyList<float[]> Negatives, IReadOnlyList<float[]> HeldPositives, IReadOnlyList<float[]> HeldNegatives, IReadOnlyList<int> Rest)
{
    /// <summary>Up to <paramref name="count"/> rows of the class and three times as many others; null below 5 rows of the class or without others.</summary>
    public static HeldOutRows? Of(ExampleStore examples, int label, int count, PortableRandom random)
    {
        int[] rest = [.. examples.Classes.Where(other => other != label)];
        var positives = Shuffled(examples.Rows(label), count, random);
        var negatives = Spread(rest.Select(other => Shuffled(examples.Rows(other), int.MaxValue, random)).ToList(), 3 * positives.Count);
        if (positives.Count < 5 || negatives.Count < 5)
        {
            return null;
        }

        var (keepPositives, keepNegatives) = (positives.Count / 5, negatives.Count / 5);
        return new HeldOutRows(positives[keepPositives..], negatives[keepNegatives..], positives[..keepPositives], negatives[..keepNegatives], rest);
    }

    private static List<float[]> Shuffled(IReadOnlyList<float[]> rows, int count, PortableRandom random)
    {
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        random.Shuffle(order);
        return [.. order.Take(count).Select(row => rows[row])];
    }

    // One row of each class in turn, so that the classes are as even as they can be, and so are both parts.
    private static List<float[]> Spread(List<List<float[]>> classes, int count)
    {
        List<float[]> spread = [];
        for (var turn = 0; spread.Count < count && classes.Any(rows => turn < rows.Count); turn++)
        {
            spread.AddRange(classes.Where(rows => turn < rows.Count).Select(rows => rows[turn]));
        }

        return [.. spread.Take(count)];
    }
}
