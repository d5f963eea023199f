using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>Who of a channel's lower side takes part in a round (docs/algorithms.md). What belongs to another kind is at its default.</summary>
public sealed record SelectorSpec
{
    /// <summary>The kinds.</summary>
    public const string All = "all", Random = "random", PowerOfChoice = "power-of-choice", Oort = "oort", Deadline = "deadline", Budget = "budget", Poisson = "poisson";

    /// <summary>Everybody takes part.</summary>
    public static SelectorSpec Everybody { get; } = new();

    /// <summary><c>all</c>, <c>random</c>, <c>power-of-choice</c>, <c>oort</c>, <c>deadline</c>, <c>budget</c> or <c>poisson</c>.</summary>
    public string Kind { get; init; } = All;

    /// <summary>Updates a round is to have; at least 1, of every kind but <c>all</c>, <c>budget</c> and <c>poisson</c>.</summary>
    public int Count { get; init; }

    /// <summary>So many times the count are chosen, rounded up; the round ends with the count's updates. At least 1.</summary>
    public double OverSelect { get; init; } = 1;

    /// <summary>d of <c>power-of-choice</c>: drawn before the choice, at least as many as are chosen.</summary>
    public int Of { get; init; }

    /// <summary>Of <c>deadline</c>: who is expected to take longer is passed over; null for the round's deadline.</summary>
    public TimeSpan? Within { get; init; }

    /// <summary>Of <c>budget</c>: bytes of parameters, both ways, that a round may move; above 0.</summary>
    public long Bytes { get; init; }

    /// <summary>q of <c>poisson</c>: the probability with which each client takes part in a round; above 0, at most 1.</summary>
    public double Rate { get; init; }

    /// <summary>ε of Oort's first round, in [0, 1].</summary>
    public double Exploration { get; init; } = 0.9;

    /// <summary>What ε is multiplied by after each round, in (0, 1].</summary>
    public double ExplorationDecay { get; init; } = 0.98;

    /// <summary>ε never falls below this, in [0, 1].</summary>
    public double LeastExploration { get; init; } = 0.2;

    /// <summary>c of Oort: clients of at least this share of the cut-off utility are drawn from, in (0, 1].</summary>
    public double CutOff { get; init; } = 0.95;

    /// <summary>α of Oort: how hard a client slower than preferred is punished; at least 0.</summary>
    public double StragglerPenalty { get; init; } = 2;

    /// <summary>T of Oort at the start: rounds of a client that take longer are punished.</summary>
    public TimeSpan PreferredDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What Oort's pacer adds to T when utility falls.</summary>
    public TimeSpan PacerStep { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>W of Oort: the pacer compares the last W rounds with the W before them; at least 1.</summary>
    public int PacerWindow { get; init; } = 20;

    /// <summary>How many are chosen where so many are there.</summary>
    public int Drawn => (int)Math.Min(int.MaxValue, Math.Ceiling((Count * OverSelect) - 1e-9));

    /// <summary>All of it in one line.</summary>
    public override string ToString() => Kind == All ? Kind : string.Create(
        CultureInfo.InvariantCulture,
        $"{Kind} {Count} {OverSelect} {Of} {Within} {Bytes} {Rate} {Exploration} {ExplorationDecay} {LeastExploration} {CutOff} {StragglerPenalty} {PreferredDuration} {PacerStep} {PacerWindow}");
}
