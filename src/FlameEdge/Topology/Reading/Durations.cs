using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Times as people write them: <c>500ms</c>, <c>60s</c>, <c>2m</c>, <c>1h</c>.</summary>
public static class Durations
{
    private static readonly (string Unit, double Milliseconds)[] Units = [("ms", 1), ("s", 1e3), ("m", 60e3), ("h", 3600e3)];

    /// <summary>Reads a time above zero and of at most a year.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        foreach (var (unit, milliseconds) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                var total = count * milliseconds;
                var isFit = total >= 1 && total <= TimeSpan.FromDays(366).TotalMilliseconds;
                value = isFit ? TimeSpan.FromMilliseconds(total) : default;
                return isFit;
            }
        }

        return false;
    }
}
