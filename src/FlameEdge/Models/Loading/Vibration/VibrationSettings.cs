using FlameEdge.Diagnostics;

namespace FlameEdge.Models.Loading.Vibration;

/// <summary>What the generator of vibration windows makes; every setting is a number with a name, a default and a range.</summary>
/// <param name="Site">Whose windows: 0…sites−1; −1 for those of all sites, one site after the other.</param>
/// <param name="Sites">How many machines there are.</param>
/// <param name="Windows">Windows of each site.</param>
/// <param name="Seed">Another seed is another fleet.</param>
/// <param name="Test">True for held-out windows: the same machines, other moments, every class equally often.</param>
/// <param name="Skew">How far the mix of classes differs between sites: 0 the same everywhere, 1 each site knows healthy and one fault only.</param>
/// <param name="Variation">How far the machines differ (gain, offset, speed, resonance, noise): 0 equal, 1 as sensors of one type do, 2 a mixed fleet.</param>
/// <param name="Noise">Noise as a multiple of a usual shop floor's.</param>
/// <param name="Severity">Size of the faults as a multiple of a usual one.</param>
/// <param name="Drift">How far gain and noise have grown by the last window, relative to the first: wear, a loosening sensor.</param>
internal sealed record VibrationSettings(int Site, int Sites, int Windows, ulong Seed, bool Test, double Skew, double Variation, double Noise, double Severity, double Drift)
{
    private const double MaxSeed = 1L << 53;

    /// <summary>Most windows of one source, over all its sites.</summary>
    private const long MaxWindows = 1_000_000;

    private static readonly Setting[] Known =
    [
        new("site", 0, -1, 9_999, IsWhole: true),
        new("sites", 10, 1, 10_000, IsWhole: true),
        new("windows", 200, 1, MaxWindows, IsWhole: true),
        new("seed", 1, 0, MaxSeed, IsWhole: true),
        new("test", 0, 0, 1, IsWhole: true),
        new("skew", 0.95, 0, 1, IsWhole: false),
        new("variation", 1, 0, 2, IsWhole: false),
        new("noise", 1, 0, 10, IsWhole: false),
        new("severity", 1, 0, 10, IsWhole: false),
        new("drift", 0, -0.9, 10, IsWhole: false),
    ];

    /// <summary>Reads settings by name; those not named have their defaults.</summary>
    /// <exception cref="DatasetException">A name is unknown or a number is out of range.</exception>
    public static VibrationSettings Of(IReadOnlyDictionary<string, double> generator)
    {
        foreach (var (name, value) in generator)
        {
            var setting = Array.Find(Known, known => known.Name == name)
                ?? throw new DatasetException($"the vibration generator has no setting '{FaultText.Short(name)}'{FaultText.Hint(name, [.. Known.Select(known => known.Name)])}");
            setting.Check(value);
        }

        double Value(string name) => generator.TryGetValue(name, out var value) ? value : Array.Find(Known, known => known.Name == name)!.Default; // The names below are all known.
        var settings = new VibrationSettings(
            (int)Value("site"),
            (int)Value("sites"),
            (int)Value("windows"),
            (ulong)Value("seed"),
            Value("test") != 0,
            Value("skew"),
            Value("variation"),
            Value("noise"),
            Value("severity"),
            Value("drift"));
        settings.CheckTogether();
        return settings;
    }

    private void CheckTogether()
    {
        if (Site >= Sites)
        {
            throw new DatasetException($"the vibration generator has no site {Site}: there are {Sites} sites, counted from 0 (-1 for all)");
        }

        if (Site < 0 && (long)Sites * Windows > MaxWindows)
        {
            throw new DatasetException($"the vibration generator makes at most {MaxWindows} windows, not {Sites} x {Windows}; take fewer");
        }
    }

    private sealed record Setting(string Name, double Default, double Low, double High, bool IsWhole)
    {
        public void Check(double value)
        {
            if (!(value >= Low && value <= High) || (IsWhole && value != Math.Floor(value)))
            {
                throw new DatasetException($"the vibration generator's '{Name}' of {value} cannot be; it is a {(IsWhole ? "whole " : "")}number in {Low}..{High}, {Default} where nothing is said");
            }
        }
    }
}
