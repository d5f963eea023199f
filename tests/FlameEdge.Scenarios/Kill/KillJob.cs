using System.Globalization;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A job small enough to be run hundreds of times and slow enough to be hit: its file's text and its workers.</summary>
/// <param name="Name">Its name in topics.</param>
/// <param name="Text">The job file, JSON.</param>
/// <param name="Workers">Every worker of the plan, upper tiers first.</param>
/// <param name="Rounds">Rounds to run.</param>
internal sealed record KillJob(string Name, string Text, IReadOnlyList<string> Workers, int Rounds)
{
    public const string Aggregator = "aggregator_0";

    /// <summary>Those who may tell of rounds and hold the result: the aggregator, or every member of a group without one.</summary>
    public IReadOnlyList<string> Tellers { get; init; } = [Aggregator];

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    /// <summary>One aggregator over two middle aggregators over four trainers; everybody must be counted.</summary>
    public static KillJob Tree(int rounds = 6) => new(
        "kill-tree",
        Job("kill-tree", TreeTopology, Machines(4, windows: 150, "region", isOnDevices: false, "north", "north", "south", "south"), "\"hidden\": [12]", epochs: 6, rounds, "all", Long),
        [Aggregator, "middle_0", "middle_1", "trainer_0", "trainer_1", "trainer_2", "trainer_3"],
        rounds);

    /// <summary>One aggregator over trainers.</summary>
    public static KillJob Flat(int trainers, int rounds, string quorum = "all", TimeSpan? deadline = null, int epochs = 6) => new(
        "kill-flat",
        Job("kill-flat", FlatTopology, Machines(trainers, windows: 150, "region"), "\"hidden\": [12]", epochs, rounds, quorum, deadline ?? Long),
        [Aggregator, .. Enumerable.Range(0, trainers).Select(Trainer)],
        rounds);

    /// <summary>Trainers with updates of 1.2 MB, that is five chunks each way: a broker that dies is sure to hold parts of some.</summary>
    public static KillJob Large(int rounds = 4, string name = "kill-large", string more = "") => new(
        name,
        Job(name, FlatTopology, Machines(3, windows: 32, "region"), "\"hidden\": [512, 512]", epochs: 1, rounds, "all", Long, more),
        [Aggregator, Trainer(0), Trainer(1), Trainer(2)],
        rounds);

    /// <summary>Two trainers that send a tenth of their change and keep the rest for the next round.</summary>
    public static KillJob Sparse(int rounds = 4) => new(
        "kill-sparse",
        Job("kill-sparse", SparseTopology, Machines(2, windows: 150, "region"), "\"hidden\": [12]", epochs: 6, rounds, "all", Long),
        [Aggregator, Trainer(0), Trainer(1)],
        rounds);

    /// <summary>One aggregator, which may run anywhere, over trainers whose data lie on the devices <c>gw-0</c>, <c>gw-1</c>, …, as a controller runs it.</summary>
    public static KillJob OnFleet(int trainers, int rounds, TimeSpan lease, string name = "kill-fleet") => new(
        name,
        Job(name, FlatTopology, Machines(trainers, windows: 150, "region", isOnDevices: true), "\"hidden\": [12]", epochs: 6, rounds, "all", Long, $$""", "fleet": { "lease": "{{lease.TotalSeconds.ToString(CultureInfo.InvariantCulture)}}s", "retries": 100 }"""),
        [Aggregator, .. Enumerable.Range(0, trainers).Select(Trainer)],
        rounds);

    /// <summary>Four trainers below an aggregator, learning in a way of its own.</summary>
    /// <param name="name">The job's name.</param>
    /// <param name="more">Sections of the job, JSON.</param>
    /// <param name="aggregator">Keys of the aggregator's role, JSON.</param>
    /// <param name="quorum">Of four.</param>
    /// <param name="deadline">Of a round; null where everybody is waited for.</param>
    /// <param name="rounds">Rounds to run.</param>
    /// <param name="channel">Keys of the channel, JSON.</param>
    public static KillJob Mode(string name, string more = "", string aggregator = "", string quorum = "all", TimeSpan? deadline = null, int rounds = 6, string channel = "") => new(
        name,
        Job(
            name,
            FlatTopology.Replace("\"name\": \"aggregator\"", $"\"name\": \"aggregator\"{aggregator}", StringComparison.Ordinal).Replace("\"name\": \"param\"", $"\"name\": \"param\"{channel}", StringComparison.Ordinal),
            Machines(4, windows: 150, "region"),
            "\"hidden\": [12]",
            epochs: 6,
            rounds,
            quorum,
            deadline ?? Long,
            more),
        [Aggregator, .. Enumerable.Range(0, 4).Select(Trainer)],
        rounds);

    /// <summary>Four trainers whose rounds end with the third update.</summary>
    public static KillJob Eager(string name, int rounds = 10)
    {
        var job = Mode(name, quorum: "3", rounds: rounds);
        return job with { Text = job.Text.Replace("\"quorum\": \"3\"", "\"quorum\": \"3\", \"eager\": true", StringComparison.Ordinal) };
    }

    /// <summary>Four trainers that sum among themselves.</summary>
    public static KillJob Ring(string name, int rounds = 6)
    {
        string[] members = [.. Enumerable.Range(0, 4).Select(Trainer)];
        return new(name, Job(name, RingTopology, Machines(4, windows: 150, "region"), "\"hidden\": [12]", epochs: 6, rounds, "all", Long), members, rounds) { Tellers = members };
    }

    /// <summary>Two groups of two trainers, each summing among itself, below one aggregator.</summary>
    public static KillJob Hybrid(string name, int rounds = 6) => new(
        name,
        Job(name, HybridTopology, Machines(4, windows: 150, "region", isOnDevices: false, "north", "north", "south", "south"), "\"hidden\": [12]", epochs: 6, rounds, "all", Long),
        [Aggregator, .. Enumerable.Range(0, 4).Select(Trainer)],
        rounds);

    /// <summary>Four trainers under two aggregators in the middle; a coordinator says who works with whom.</summary>
    /// <param name="name">The job's name.</param>
    /// <param name="aggregator">Keys of the aggregators' roles, JSON.</param>
    /// <param name="rounds">Rounds to run.</param>
    public static KillJob Coordinated(string name, string aggregator = "", int rounds = 6) => new(
        name,
        Job(
            name,
            CoordinatedTopology.Replace("\"name\": \"aggregator\"", $"\"name\": \"aggregator\"{aggregator}", StringComparison.Ordinal).Replace("\"name\": \"middle\"", $"\"name\": \"middle\"{aggregator}", StringComparison.Ordinal),
            Machines(4, windows: 150, "region"),
            "\"hidden\": [12]",
            epochs: 6,
            rounds,
            "all",
            Long),
        [Aggregator, "coordinator_0", "middle_0", "middle_1", .. Enumerable.Range(0, 4).Select(Trainer)],
        rounds);

    /// <summary>Four trainers that share themselves out over two aggregators in the middle.</summary>
    /// <param name="name">The job's name.</param>
    /// <param name="rounds">Rounds to run.</param>
    public static KillJob Replicated(string name, int rounds = 8) => new(
        name,
        Job(name, ReplicatedTopology, Machines(4, windows: 150, "region"), "\"hidden\": [12]", epochs: 6, rounds, "all", Long),
        [Aggregator, "middle_0", "middle_1", .. Enumerable.Range(0, 4).Select(Trainer)],
        rounds);

    public static string Trainer(int index) => $"trainer_{index}";

    private const string FlatTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
        "channels": [ { "name": "param", "pair": ["trainer", "aggregator"] } ]
        """;

    private const string RingTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true } ],
        "channels": [ { "name": "ring", "pair": ["trainer", "trainer"] } ]
        """;

    private const string HybridTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
        "channels": [ { "name": "ring", "pair": ["trainer", "trainer"], "groupBy": { "label": "region" } }, { "name": "global", "pair": ["trainer", "aggregator"] } ]
        """;

    private const string SparseTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
        "channels": [ { "name": "param", "pair": ["trainer", "aggregator"], "codec": { "up": "top-k 10% + int8" } } ]
        """;

    private const string TreeTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "middle", "program": "middle-aggregator" }, { "name": "aggregator" } ],
        "channels": [ { "name": "param", "pair": ["trainer", "middle"], "groupBy": { "label": "region" } }, { "name": "global", "pair": ["middle", "aggregator"] } ]
        """;

    private const string ReplicatedTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "middle", "replica": 2 }, { "name": "aggregator" } ],
        "channels": [ { "name": "param", "pair": ["trainer", "middle"] }, { "name": "global", "pair": ["middle", "aggregator"] } ]
        """;

    private const string CoordinatedTopology = """
        "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "middle", "replica": 2 }, { "name": "aggregator" }, { "name": "coordinator", "program": "coordinator" } ],
        "channels": [
          { "name": "param", "pair": ["trainer", "middle"] }, { "name": "global", "pair": ["middle", "aggregator"] },
          { "name": "plans-trainer", "pair": ["trainer", "coordinator"] }, { "name": "plans-middle", "pair": ["middle", "coordinator"] }, { "name": "plans-top", "pair": ["aggregator", "coordinator"] } ]
        """;

    private static string Machines(int count, int windows, string label, bool isOnDevices = false, params string[] regions) => string.Join(",\n", Enumerable.Range(0, count).Select(site =>
    {
        var labels = regions.Length == 0 ? string.Empty : $$""", "labels": { "{{label}}": "{{regions[site]}}" }""";
        return $$"""{ "name": "machine-{{site}}", "format": "vibration", "generator": { "sites": {{count}}, "site": {{site}}, "windows": {{windows}} }, "standardize": "local"{{labels}}{{(isOnDevices ? $$""", "agents": "gw-{{site}}" """ : string.Empty)}} }""";
    }));

    private static string Job(string name, string topology, string machines, string hidden, int epochs, int rounds, string quorum, TimeSpan deadline, string more = "") => $$"""
        {
          "job": "{{name}}", "seed": 3,
          "topology": { {{topology}} },
          "datasets": [
            {{machines}},
            { "name": "test", "format": "vibration", "generator": { "sites": 4, "windows": 20, "site": -1, "test": 1 }, "standardize": "local" }
          ],
          "evaluation": "test",
          "model": { "kind": "mlp", {{hidden}} },
          "training": { "learningRate": 0.05, "epochs": {{epochs}}, "batchSize": 16 },
          "rounds": { "count": {{rounds}}, "quorum": "{{quorum}}", "deadline": "{{deadline.TotalSeconds.ToString(CultureInfo.InvariantCulture)}}s", "patience": "180s" }{{more}}
        }
        """;
}
