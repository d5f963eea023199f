namespace FlameEdge.Collaborative.Bench.Making;

/// <summary>When which classes come and go in a workload, and what share of a batch a new class has.</summary>
/// <param name="Batches">Length of the workload.</param>
/// <param name="Phases">Per site with a stream, its changes.</param>
/// <param name="NewShare">Share of each new class; 0 where all present classes are alike.</param>
internal sealed record Schedule(int Batches, IReadOnlyList<(int Site, IReadOnlyList<StreamPhase> Phases)> Phases, double NewShare = 0)
{
    /// <summary>Names of the workloads.</summary>
    public static IReadOnlyList<string> Workloads { get; } = ["W1", "W1b", "W2", "W3", "W4", "W5", "W6", "W7"];

    /// <summary>The schedule of a workload.</summary>
    public static Schedule Of(string workload, StreamRoles roles) => workload switch
    {
        "W1" or "W7" => new(150, [(0, [Appear(0, roles.New)])]),
        "W1b" => new(240, [(0, [Appear(0, roles.New)])], NewShare: 0.05),
        "W2" => new(120, [(0, [.. Enumerable.Range(0, 8).Select(turn => turn % 2 == 0 ? Appear(15 * turn, roles.New) : Disappear(15 * turn, roles.New))])]),
        "W3" => new(60, [(0, [Appear(0, roles.New), Disappear(8, roles.New)])]),
        "W4" => new(90, [(0, [Appear(0, roles.New.Take(1)), Disappear(30, roles.New.Take(1))]), (2, [Appear(30, roles.New.Take(1)), Disappear(60, roles.New.Take(1))]), (4, [Appear(60, roles.New.Take(1))])]),
        "W5" => new(150, [(0, [])]),
        "W6" => new(300, [(0, [])]),
        _ => throw new ArgumentException($"there is no workload '{workload}': say one of {string.Join(", ", Workloads)}", nameof(workload)),
    };

    /// <summary>Percentages of bad packets there are.</summary>
    public static IReadOnlyList<string> BadShares { get; } = ["20", "50", "100"];

    /// <summary>The faults of successive packets by share of bad ones: these come first, and each seed begins with another fault.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string?>> Offers(int seed)
    {
        string?[] faults = ["inverted", "random", "always", "false-name"];
        faults = [.. faults.Skip(seed % faults.Length), .. faults.Take(seed % faults.Length)];
        return new Dictionary<string, IReadOnlyList<string?>>(StringComparer.Ordinal)
        {
            [BadShares[0]] = [faults[0], null, null, null, null],
            [BadShares[1]] = [faults[0], faults[1], null, null],
            [BadShares[2]] = faults,
        };
    }

    private static StreamPhase Appear(int batch, IEnumerable<int> classes) => new(batch, [.. classes], []);

    private static StreamPhase Disappear(int batch, IEnumerable<int> classes) => new(batch, [], [.. classes]);
}
