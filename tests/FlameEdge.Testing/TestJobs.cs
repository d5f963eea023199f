using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Testing;

/// <summary>Small jobs with their plans written out by hand, for tests that are not about topology.</summary>
public static class TestJobs
{
    private static readonly ChannelName Param = new("param");
    private static readonly ChannelName Global = new("global");
    private static readonly ChannelName Circle = new("ring");
    private static readonly RoleName Trainer = new("trainer");
    private static readonly RoleName Middle = new("middle");
    private static readonly RoleName Aggregator = new("aggregator");

    /// <summary>Names of trainers' datasets: d-0, d-1, …</summary>
    public static DatasetId Data(int index) => new($"d-{index}");

    /// <summary>The dataset jobs are scored on.</summary>
    public static DatasetId Test { get; } = new("test");

    /// <summary>Trainers under one aggregator.</summary>
    public static JobPlan Flat(int trainers, RoundSpec rounds, TrainingSpec training)
    {
        var groups = Groups((Param, "default"));
        var graph = new TopologyGraph
        {
            Roles = [Role(Aggregator, "aggregator", false), Role(Trainer, "trainer", true)],
            Channels = [Channel(Param, Trainer, Aggregator)],
        };
        return Plan(graph, trainers, rounds, training,
        [
            new() { Id = WorkerId.Of(Aggregator, 0), Role = Aggregator, Groups = groups },
            .. Enumerable.Range(0, trainers).Select(i => new WorkerPlan { Id = WorkerId.Of(Trainer, i), Role = Trainer, Dataset = Data(i), Groups = groups }),
        ]);
    }

    /// <summary>Trainers in groups, a middle aggregator over each, one aggregator over those; trainer i belongs to group i mod groups.</summary>
    public static JobPlan Tree(int trainers, int groups, RoundSpec rounds, TrainingSpec training)
    {
        var graph = new TopologyGraph
        {
            Roles = [Role(Aggregator, "aggregator", false), Role(Middle, "middle-aggregator", false), Role(Trainer, "trainer", true)],
            Channels = [Channel(Param, Trainer, Middle), Channel(Global, Middle, Aggregator)],
        };
        return Plan(graph, trainers, rounds, training,
        [
            new() { Id = WorkerId.Of(Aggregator, 0), Role = Aggregator, Groups = Groups((Global, "default")) },
            .. Enumerable.Range(0, groups).Select(g => new WorkerPlan { Id = WorkerId.Of(Middle, g), Role = Middle, Groups = Groups((Param, $"g{g}"), (Global, "default")) }),
            .. Enumerable.Range(0, trainers).Select(i => new WorkerPlan { Id = WorkerId.Of(Trainer, i), Role = Trainer, Dataset = Data(i), Groups = Groups((Param, $"g{i % groups}")) }),
        ]);
    }

    /// <summary>Trainers that sum among themselves, without an aggregator.</summary>
    public static JobPlan Ring(int trainers, RoundSpec rounds, TrainingSpec training)
    {
        var groups = Groups((Param, "default"));
        var graph = new TopologyGraph
        {
            Roles = [Role(Trainer, Programs.RingTrainer, true)],
            Channels = [Channel(Param, Trainer, Trainer) with { FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>> { [Trainer] = [FunctionTags.RingAllReduce] } }],
        };
        return Plan(graph, trainers, rounds, training,
            [.. Enumerable.Range(0, trainers).Select(i => new WorkerPlan { Id = WorkerId.Of(Trainer, i), Role = Trainer, Dataset = Data(i), Groups = groups })]);
    }

    /// <summary>Trainers in groups that sum among themselves, one aggregator over all; trainer i belongs to group i mod groups.</summary>
    public static JobPlan Hybrid(int trainers, int groups, RoundSpec rounds, TrainingSpec training)
    {
        var graph = new TopologyGraph
        {
            Roles = [Role(Aggregator, "aggregator", false), Role(Trainer, Programs.HybridTrainer, true)],
            Channels =
            [
                Channel(Circle, Trainer, Trainer) with { FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>> { [Trainer] = [FunctionTags.RingAllReduce] } },
                Channel(Global, Trainer, Aggregator),
            ],
        };
        return Plan(graph, trainers, rounds, training,
        [
            new() { Id = WorkerId.Of(Aggregator, 0), Role = Aggregator, Groups = Groups((Global, "default")) },
            .. Enumerable.Range(0, trainers).Select(i => new WorkerPlan { Id = WorkerId.Of(Trainer, i), Role = Trainer, Dataset = Data(i), Groups = Groups((Circle, $"g{i % groups}"), (Global, "default")) }),
        ]);
    }

    /// <summary>Two features, two classes, linearly separable with some overlap; every trainer's rows differ.</summary>
    public static Dataset Rows(DatasetId id, int rows = 40)
    {
        var seed = (uint)id.Value.Sum(c => c * 31) + 7;
        var features = new float[rows * 2];
        var labels = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            labels[row] = row % 2;
            features[row * 2] = Next() + (labels[row] == 0 ? -0.3f : 0.3f);
            features[(row * 2) + 1] = Next();
        }

        return new Dataset(id.Value, [2], 2, features, labels);

        float Next()
        {
            seed = (seed * 1664525) + 1013904223;
            return (seed >> 8) / 16777216f - 0.5f;
        }
    }

    private static JobPlan Plan(TopologyGraph graph, int trainers, RoundSpec rounds, TrainingSpec training, IReadOnlyList<WorkerPlan> workers) => new(
        new JobSpec
        {
            Name = new("test-job"),
            Title = "test job",
            Graph = graph,
            Datasets = Enumerable.Range(0, trainers).Select(Data).Append(Test).ToDictionary(id => id, id => new DatasetSpec { Id = id }),
            Evaluation = Test,
            Model = new ModelSpec { Kind = "softmax" },
            Training = training,
            Rounds = rounds,
            Backend = "memory",
            Seed = 5,
        },
        workers);

    private static Dictionary<ChannelName, GroupName> Groups(params (ChannelName Channel, string Group)[] groups) =>
        groups.ToDictionary(pair => pair.Channel, pair => new GroupName(pair.Group));

    private static RoleSpec Role(RoleName name, string program, bool isDataConsumer) => new() { Name = name, Program = program, IsDataConsumer = isDataConsumer, GroupAssociation = [] };

    private static ChannelSpec Channel(ChannelName name, RoleName lower, RoleName upper) => new()
    {
        Name = name,
        Pair = (lower, upper),
        Groups = [GroupName.Default],
        FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>>
        {
            [lower] = [FunctionTags.Fetch, FunctionTags.Upload],
            [upper] = [FunctionTags.Distribute, FunctionTags.Aggregate],
        },
    };
}
