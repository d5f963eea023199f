namespace FlameEdge.Federated.Selection;

/// <summary>Oort's constants; the defaults are the paper's and its authors'.</summary>
public sealed record OortSettings
{
    /// <summary>K, clients per round; at least 1.</summary>
    public required int Count { get; init; }

    /// <summary>ε of the first round: the share of the choice that explores, in [0, 1].</summary>
    public double Exploration { get; init; } = 0.9;

    /// <summary>What ε is multiplied by after each round, in (0, 1].</summary>
    public double ExplorationDecay { get; init; } = 0.98;

    /// <summary>ε never falls below this.</summary>
    public double LeastExploration { get; init; } = 0.2;

    /// <summary>c: clients of at least this share of the cut-off utility are drawn from, in (0, 1].</summary>
    public double CutOff { get; init; } = 0.95;

    /// <summary>α: how hard a client slower than preferred is punished; at least 0.</summary>
    public double StragglerPenalty { get; init; } = 2;

    /// <summary>Utilities are clipped at this quantile of them, in (0, 1]; null for no clipping.</summary>
    public double? ClipQuantile { get; init; } = 0.95;

    /// <summary>Clients chosen more often than this are no longer exploited; null for no limit.</summary>
    public int? ExploitLimit { get; init; }

    /// <summary>T at the start: rounds of a client that take longer are punished.</summary>
    public TimeSpan PreferredDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What the pacer adds to T when utility falls.</summary>
    public TimeSpan PacerStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>W: the pacer compares the last W rounds with the W before them; at least 1.</summary>
    public int PacerWindow { get; init; } = 20;

    /// <summary>
    /// True to choose K clients while so many are present: where there are fewer unexplored than ε K, more are exploited, and the other way round. False for the
    /// paper's listing, which then chooses fewer.
    /// </summary>
    public bool FillsUp { get; init; } = true;

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    internal static void Require(OortSettings settings)
    {
        if (settings.Count < 1 || settings.Exploration is not (>= 0 and <= 1) || settings.ExplorationDecay is not (> 0 and <= 1) || settings.LeastExploration is not (>= 0 and <= 1)
            || settings.CutOff is not (> 0 and <= 1) || !(settings.StragglerPenalty >= 0) || settings.ClipQuantile is <= 0 or > 1 or double.NaN || settings.PacerWindow < 1
            || settings.PreferredDuration <= TimeSpan.Zero || settings.PacerStep < TimeSpan.Zero)
        {
            throw new ArgumentException($"a setting of Oort is out of its range: {settings}", nameof(settings));
        }
    }
}
