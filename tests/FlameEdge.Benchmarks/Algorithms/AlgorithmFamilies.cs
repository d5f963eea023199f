namespace FlameEdge.Benchmarks.Algorithms;

/// <summary>What is compared with what: one family, one picture.</summary>
internal static class AlgorithmFamilies
{
    /// <summary>The families by the names of their files. <paramref name="clients"/> and a third of them stand in settings that depend on how many there are; <paramref name="attribute"/> is the feature fedgft is fair by.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<AlgorithmCase> Cases)> Of(int clients, string? attribute)
    {
        var (half, hostile) = (clients / 2, Math.Max(1, (clients - 3) / 4));
        yield return ("optimizers",
        [
            new("fedavg"),
            new("fedavgm", "optimizer: { kind: fedavgm, rate: {rate}, momentum: 0.9 }", Rates: [0.1, 0.3, 1]),
            new("fedadagrad", "optimizer: { kind: fedadagrad, rate: {rate} }", Rates: [0.01, 0.03, 0.1]),
            new("fedadam", "optimizer: { kind: fedadam, rate: {rate} }", Rates: [0.003, 0.01, 0.03]),
            new("fedyogi", "optimizer: { kind: fedyogi, rate: {rate} }", Rates: [0.003, 0.01, 0.03]),
            new("fedprox", "optimizer: { kind: fedprox, mu: {rate} }", Rates: [0.01, 0.1, 1]),
            new("feddyn", "optimizer: { kind: feddyn, alpha: {rate} }", Rates: [0.01, 0.03, 0.1]),
            new("scaffold", "optimizer: scaffold"),
            new("fednova", "optimizer: fednova"),
            .. attribute is null ? (AlgorithmCase[])[] : [new("fedgft", $"optimizer: {{ kind: fedgft, fair: sp, feature: {attribute}, above: 0, gamma: 4 }}")],
        ]);
        yield return ("modes",
        [
            new("classical"),
            new("hierarchical", Topology: Topologies.Regions),
            new("eager", "rounds: { quorum: 50%, eager: true }"),
            new("asynchronous", Topology: Topologies.Classical.Replace("{ name: aggregator }", $"{{ name: aggregator, program: asynchronous-aggregator, settings: {{ buffer: {half} }} }}", StringComparison.Ordinal), Steps: 2),
            new("asynchronous regions", Topology: Topologies.Regions.Replace("{ name: aggregator }", "{ name: aggregator, program: asynchronous-aggregator, settings: { buffer: 1 } }", StringComparison.Ordinal), Steps: 2),
            new("distributed", Topology: Topologies.Ring),
            new("hybrid", Topology: Topologies.Hybrid),
            new("coordinated", Topology: Topologies.Coordinated),
        ]);
        yield return ("robust",
        [
            new("mean"),
            new("median", "robust: median"),
            new("trimmed-mean", $"robust: {{ kind: trimmed-mean, trim: {hostile} }}"),
            new("krum", $"robust: {{ kind: krum, attackers: {hostile} }}"),
            new("multi-krum", $"robust: {{ kind: multi-krum, attackers: {hostile}, keep: {half} }}"),
            new("bulyan", $"robust: {{ kind: bulyan, attackers: {hostile} }}"),
            new("geometric-median", "robust: geometric-median"),
            new("norm-clipping", "robust: { kind: norm-clipping, norm: {rate} }", Rates: [0.3, 1, 3]),
        ]);
        yield return ("selectors",
        [
            new("all"),
            Chosen("random", $"{{ kind: random, count: {half} }}"),
            Chosen("power-of-choice", $"{{ kind: power-of-choice, count: {half}, of: {clients * 4 / 5} }}"),
            Chosen("oort", $"{{ kind: oort, count: {half} }}"),
            Chosen("deadline", $"{{ kind: deadline, count: {half} }}"),
        ]);
        yield return ("samplers",
        [
            new("all rows", Epochs: 2),
            new("fedbalancer", "sampler: { kind: fedbalancer, window: 2, lossStep: 0.1, deadlineStep: 0.1 }", Epochs: 2),
        ]);
        yield return ("privacy",
        [
            new("none"),
            new("masked", "secureAggregation: {}"),
            new("server, noise 0.1", "privacy: { kind: server, clip: 1.0, noise: 0.1, epsilon: 100000, delta: 1.0e-5 }"),
            new("server, noise 1", "privacy: { kind: server, clip: 1.0, noise: 1.0, epsilon: 100000, delta: 1.0e-5 }"),
            new("client, noise 0.1", "privacy: { kind: client, clip: 1.0, noise: 0.1, epsilon: 100000, delta: 1.0e-5 }"),
        ]);
    }

    private static AlgorithmCase Chosen(string name, string selector) =>
        new(name, Topology: Topologies.Classical.Replace("aggregator] }", $"aggregator], selector: {selector} }}", StringComparison.Ordinal));
}
