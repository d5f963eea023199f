using FlameEdge.Collaborative.Bench.Loading;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>The rows that streams point to, numbered through their files and normalised as the streams' description says.</summary>
/// <remarks>Immutable; safe to share between runs.</remarks>
internal sealed class StreamRows(IReadOnlyList<int> shape, float[][] rows, int[] labels)
{
    private readonly int width = shape.Aggregate(1, (product, size) => product * size);

    /// <summary>Dimensions of one row.</summary>
    public IReadOnlyList<int> SampleShape => shape;

    /// <summary>Number of rows. Numbers from here on are the same rows as they look after a concept shift: row + <see cref="Count"/>.</summary>
    public int Count => rows.Length;

    /// <summary>Whose a row is: a user, a station, a machine, a file.</summary>
    public required Func<int, int> Owner { get; init; }

    /// <summary>When a row was measured, in months since year 0; null where it was at no time, or a field is empty and the row is never used.</summary>
    public Func<int, int?> Month { get; init; } = _ => null;

    /// <summary>What a concept shift does to the features of a row: same label, other appearance.</summary>
    public required Action<Span<float>> Shift { get; init; }

    /// <summary>The class of a row.</summary>
    public int Label(int row) => labels[row % Count];

    /// <summary>The features of <paramref name="wanted"/>: [rows, features].</summary>
    public float[] Features(IReadOnlyList<int> wanted)
    {
        var features = new float[wanted.Count * width];
        for (var i = 0; i < wanted.Count; i++)
        {
            var to = features.AsSpan(i * width, width);
            rows[wanted[i] % Count].CopyTo(to);
            if (wanted[i] >= Count)
            {
                Shift(to);
            }
        }

        return features;
    }

    /// <summary>The classes of <paramref name="wanted"/>.</summary>
    public int[] Labels(IReadOnlyList<int> wanted) => [.. wanted.Select(Label)];

    /// <summary>Loads what the streams of a dataset point to, below the folder <paramref name="data"/>.</summary>
    /// <param name="data">The data folder.</param>
    /// <param name="dataset">Its name.</param>
    /// <param name="files">Files in the order in which their rows are numbered.</param>
    /// <param name="classes">Names of the classes, in order.</param>
    /// <param name="seed">Of generated data; of no matter for files.</param>
    /// <exception cref="DatasetException">The dataset is unknown, or a file missing or broken.</exception>
    public static StreamRows Load(string data, string dataset, IReadOnlyList<string> files, IReadOnlyList<string> classes, int seed)
    {
        string[] paths = [.. files.Select(file => Path.Combine(data, file))];
        return dataset switch
        {
            "digits" => ImageRows.Digits(paths[0]),
            "mnist" => ImageRows.Mnist(paths),
            "wisdm-har" => ActivityRows.Load(paths[0], classes),
            "beijing-air" or "beijing-air-bands" => AirRows.Load(paths),
            "sensors" => SensorRows.Generate((ulong)seed),
            _ => throw new DatasetException($"streams of '{dataset}' cannot be read: known are digits, mnist, wisdm-har, beijing-air, beijing-air-bands and sensors"),
        };
    }
}
