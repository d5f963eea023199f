namespace FlameEdge.Benchmarks.Uneven;

/// <summary>One way to learn on a fleet whose parts are not alike.</summary>
/// <param name="Group">What is uneven: cases of the same group are compared.</param>
/// <param name="Name">What stands in the table.</param>
/// <param name="Topology">The job's topology section.</param>
/// <param name="Rounds">The job's <c>rounds</c>.</param>
/// <param name="UplinkOf">Which line a worker's agent sits behind; null where it is beside the broker.</param>
internal sealed record UnevenCase(string Group, string Name, string Topology, string Rounds, Func<UnevenWorker, string?> UplinkOf)
{
    private static readonly string[] Clients = [.. Enumerable.Range(0, 10).Select(client => $"train-{client}")];
    private const string Rounded = "rounds: { count: 60, quorum: 100%, deadline: 2m }";

    /// <summary>The case that others of its group are held against is the first one of it.</summary>
    public static IReadOnlyList<UnevenCase> All { get; } =
    [
        Slow("classical", Topologies.Classical),
        Slow("hybrid", Topologies.Hybrid),
        SlowRegion("hierarchical", Topologies.Regions),
        SlowRegion("coordinated", Topologies.Coordinated),
        Stragglers("classical", "aggregator }", "aggregator] }", Rounded),
        Stragglers("eager", "aggregator }", "aggregator] }", "rounds: { count: 60, quorum: 70%, eager: true, deadline: 2m }"),
        Stragglers("asynchronous (FedBuff)", "aggregator, program: asynchronous-aggregator, settings: { buffer: 5 } }", "aggregator] }", "rounds: { count: 120, quorum: 50%, deadline: 2m }"),
        Stragglers("oort", "aggregator }", "aggregator], selector: { kind: oort, count: 6, overSelect: 1.3, preferredDuration: 1s, exploration: 0.5 } }", "rounds: { count: 60, quorum: 100%, deadline: 2m }"),
        Stragglers("deadline", "aggregator }", "aggregator], selector: { kind: deadline, count: 7, within: 1s } }", "rounds: { count: 60, quorum: 100%, deadline: 2m }"),
    ];

    // Each site has one line, that of the west a tenth of the other's; an aggregator of the site sits at its end of it.
    private static UnevenCase Slow(string name, string topology) => new("one site's line at a tenth", name, Topologies.Over(topology, Clients), Rounded, worker => worker.Dataset is { } dataset ? IsWest(dataset) ? "slow" : "fast" : null);

    private static UnevenCase SlowRegion(string name, string topology) => new("one aggregator's line at a tenth", name, Topologies.Over(topology, Clients), Rounded, worker => worker.Role != "region" ? null : worker.Id == "region_0" ? "slow" : "fast");

    private static UnevenCase Stragglers(string name, string aggregator, string channel, string rounds) => new("three stragglers at five times the time", name, $$"""
        topology:
          roles:
            - { name: trainer, isDataConsumer: true, program: paced-trainer, settings: { pace: 0.4, slower: 5, stragglers: 3 } }
            - { name: {{aggregator}}
          channels:
            - { name: param, pair: [trainer, {{channel}}
        """, rounds, static _ => null);

    private static bool IsWest(string dataset) => Clients.Take(5).Contains(dataset);
}
