using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Amounts of bytes as people write them: <c>4096</c>, <c>64kB</c>, <c>512MB</c>, <c>1.5GB</c>, <c>2GiB</c>.</summary>
public static class ByteSizes
{
    private static readonly (string Unit, double Bytes)[] Units =
    [
        ("KiB", 1024), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1L << 40), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1), ("", 1),
    ];

    /// <summary>Reads an amount of at least one byte and at most a petabyte; a fraction of a byte is rounded up.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        foreach (var (unit, factor) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                var total = Math.Ceiling(count * factor);
                bytes = total is >= 1 and <= 1e15 ? (long)total : 0;
                return bytes > 0;
            }
        }

        return false;
    }
}
