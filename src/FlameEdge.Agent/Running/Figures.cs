using System.Globalization;

namespace FlameEdge.Agent.Running;

/// <summary>Figures as people read them.</summary>
internal static class Figures
{
    public static string Bytes(long bytes) => bytes switch
    {
        >= 1_000_000_000 => Invariant($"{bytes / 1e9:0.00} GB"),
        >= 1_000_000 => Invariant($"{bytes / 1e6:0.00} MB"),
        >= 1_000 => Invariant($"{bytes / 1e3:0.0} kB"),
        _ => Invariant($"{bytes} B"),
    };

    public static string Seconds(double seconds) => Invariant($"{seconds:0.00} s");

    public static string Score(double? score) => score is { } value ? Invariant($"{value:0.0000}") : "-";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
