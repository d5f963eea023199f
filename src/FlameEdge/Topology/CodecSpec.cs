using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>How one value is written.</summary>
public enum ValueKind
{
    /// <summary>As it is, a float32: 4 bytes.</summary>
    Plain,

    /// <summary>IEEE binary16: 2 bytes, magnitudes up to 65 504.</summary>
    Float16,

    /// <summary>The upper half of a float32: 2 bytes, its whole range.</summary>
    BFloat16,

    /// <summary>A signed byte, and a scale for each block.</summary>
    Quantized,

    /// <summary>A bit, and a scale for each block.</summary>
    Sign,
}

/// <summary>How parameters are written in one direction of a channel (docs/codecs.md).</summary>
public sealed record CodecSpec
{
    /// <summary>Every value as it is.</summary>
    public static CodecSpec Plain { get; } = new();

    /// <summary>True where the model goes down as what changed since the one before.</summary>
    public bool IsDelta { get; init; }

    /// <summary>The share of values that travel, those of largest magnitude, in (0, 1]; null for all.</summary>
    public double? TopShare { get; init; }

    /// <summary>How a value is written.</summary>
    public ValueKind Values { get; init; }

    /// <summary>Values that share a scale; null for the format's own number.</summary>
    public int? Block { get; init; }

    /// <summary>The word a job says for a format.</summary>
    public static string NameOf(ValueKind values) => values switch
    {
        ValueKind.Plain => "float32",
        ValueKind.Quantized => "int8",
        _ => values.ToString().ToLowerInvariant(),
    };

    /// <summary>The steps as a job writes them.</summary>
    public override string ToString()
    {
        List<string> steps = [];
        if (IsDelta)
        {
            steps.Add("delta");
        }

        if (TopShare is { } share)
        {
            steps.Add(string.Create(CultureInfo.InvariantCulture, $"top-k {share * 100:0.######}%"));
        }

        // Named alone, the first two leave the values as they are.
        if (Values != ValueKind.Plain || steps.Count == 0)
        {
            var name = NameOf(Values);
            steps.Add(Block is { } block ? string.Create(CultureInfo.InvariantCulture, $"{name} {block}") : name);
        }

        return string.Join(" + ", steps);
    }
}
