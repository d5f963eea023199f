namespace FlameEdge.Benchmarks;

/// <summary>Topology sections that benchmarks lay over one job. <c>{west}</c> and <c>{east}</c> stand for the halves of its clients.</summary>
internal static class Topologies
{
    /// <summary>An aggregator over trainers.</summary>
    public const string Classical = """
        topology:
          roles:
            - { name: trainer, isDataConsumer: true }
            - { name: aggregator }
          channels:
            - { name: param, pair: [trainer, aggregator] }
        """;

    /// <summary>Two aggregators in the middle, each over half of the trainers.</summary>
    public const string Regions = """
        topology:
          roles:
            - { name: trainer, isDataConsumer: true, datasets: { west: [{west}], east: [{east}] } }
            - { name: region }
            - { name: aggregator }
          channels:
            - { name: param, pair: [trainer, region], groupBy: [west, east] }
            - { name: global, pair: [region, aggregator] }
        """;

    /// <summary>Trainers that sum among themselves.</summary>
    public const string Ring = """
        topology:
          roles:
            - { name: trainer, isDataConsumer: true }
          channels:
            - { name: ring, pair: [trainer, trainer] }
        """;

    /// <summary>Two sites whose trainers sum among themselves, straight from one to the other, below one aggregator.</summary>
    public const string Hybrid = """
        topology:
          roles:
            - { name: trainer, isDataConsumer: true, datasets: { west: [{west}], east: [{east}] } }
            - { name: aggregator }
          channels:
            - { name: site, pair: [trainer, trainer], groupBy: [west, east], backend: tcp }
            - { name: param, pair: [trainer, aggregator] }
        """;

    /// <summary>Two aggregators in the middle; a coordinator says who works with which.</summary>
    public const string Coordinated = """
        topology:
          roles:
            - { name: trainer, isDataConsumer: true }
            - { name: region, replica: 2 }
            - { name: aggregator }
            - { name: planner, program: coordinator }
          channels:
            - { name: param, pair: [trainer, region] }
            - { name: global, pair: [region, aggregator] }
            - { name: plans-trainers, pair: [trainer, planner] }
            - { name: plans-regions, pair: [region, planner] }
            - { name: plans-top, pair: [aggregator, planner] }
        """;

    /// <summary>With the clients' names in place.</summary>
    public static string Over(string topology, IReadOnlyList<string> clients) => topology
        .Replace("{west}", string.Join(", ", clients.Take(clients.Count / 2)), StringComparison.Ordinal)
        .Replace("{east}", string.Join(", ", clients.Skip(clients.Count / 2)), StringComparison.Ordinal);
}
