using FlameEdge.Topology;

namespace FlameEdge.RoundWorker;

/// <summary>What is played: a model of so many bytes, so many trainers, and aggregators between them and the top where there are groups.</summary>
/// <param name="Bytes">Bytes of the model as float32.</param>
/// <param name="Trainers">Trainers.</param>
/// <param name="Groups">Middle aggregators; 0 for none.</param>
/// <param name="Rounds">Rounds.</param>
/// <param name="Codec">What travels: <c>float32</c>, <c>float16</c> or <c>bfloat16</c> both ways; or <c>int8</c>, <c>sign</c> or <c>top-k</c> (1 %) upwards, with the model's change in int8 downwards.</param>
/// <param name="Backend">How its channels are carried: <c>mqtt</c> or <c>tcp</c>.</param>
public sealed record RoundJob(long Bytes, int Trainers, int Groups, int Rounds, string Codec, string Backend = "mqtt")
{
    private static readonly RoleName Trainer = new("trainer");
    private static readonly RoleName Middle = new("middle");
    private static readonly RoleName Top = new("top");
    private static readonly ChannelName Leaves = new("leaves");
    private static readonly ChannelName Trunk = new("trunk");

    /// <summary>Bytes that one round moves over the loopback: the model to the broker, from it to everybody below, the updates up to it and on; a tier more where there are groups.
    /// Straight from agent to agent each model and each update moves once.</summary>
    public long NeededBytes => Backend == "tcp" ? Bytes * 2 * (Trainers + Groups) : Bytes * (Groups == 0 ? 1 + (3L * Trainers) : 1 + (3L * Groups) + Groups + (3L * Trainers));

    /// <summary>The aggregator above all others.</summary>
    public static WorkerId TopWorker => WorkerId.Of(Top, 0);

    /// <summary>The middle aggregator at <paramref name="index"/>.</summary>
    public static WorkerId MiddleWorker(int index) => WorkerId.Of(Middle, index);

    /// <summary>The trainer at <paramref name="index"/>.</summary>
    public static WorkerId TrainerWorker(int index) => WorkerId.Of(Trainer, index);

    /// <summary>The same plan in every process that is told the same.</summary>
    public JobPlan Plan()
    {
        var trunk = Groups == 0 ? Leaves : Trunk;
        List<RoleSpec> roles = [Role(Top, "aggregator", false), Role(Trainer, "trainer", true)];
        List<ChannelSpec> channels = [Channel(Leaves, Trainer, Groups == 0 ? Top : Middle)];
        List<WorkerPlan> workers = [new() { Id = TopWorker, Role = Top, Groups = In((trunk, 0)) }];
        if (Groups > 0)
        {
            roles.Add(Role(Middle, "middle-aggregator", false));
            channels.Add(Channel(Trunk, Middle, Top));
            workers.AddRange(Enumerable.Range(0, Groups).Select(group => new WorkerPlan { Id = MiddleWorker(group), Role = Middle, Groups = In((Leaves, group), (Trunk, 0)) }));
        }

        workers.AddRange(Enumerable.Range(0, Trainers).Select(index => new WorkerPlan
        {
            Id = TrainerWorker(index), Role = Trainer, Dataset = Data(index), Groups = In((Leaves, Groups == 0 ? 0 : index % Groups)),
        }));
        return new JobPlan(Spec(roles, channels), workers);
    }

    private static DatasetId Data(int index) => new($"rows-{index}");

    private static Dictionary<ChannelName, GroupName> In(params (ChannelName Channel, int Group)[] groups) =>
        groups.ToDictionary(pair => pair.Channel, pair => new GroupName($"g{pair.Group}"));

    private static RoleSpec Role(RoleName name, string program, bool hasData) => new() { Name = name, Program = program, IsDataConsumer = hasData, GroupAssociation = [] };

    private CodecSpec Up => Codec switch
    {
        "float32" => new(),
        "float16" => new() { Values = ValueKind.Float16 },
        "bfloat16" => new() { Values = ValueKind.BFloat16 },
        "int8" => new() { Values = ValueKind.Quantized },
        "sign" => new() { Values = ValueKind.Sign },
        "top-k" => new() { TopShare = 0.01 },
        _ => throw new InvalidOperationException($"no codec '{Codec}': float32, float16, bfloat16, int8, sign or top-k"),
    };

    private CodecSpec Down => Codec is "float32" or "float16" or "bfloat16" ? Up : new() { IsDelta = true, Values = ValueKind.Quantized };

    private ChannelSpec Channel(ChannelName name, RoleName lower, RoleName upper) => new()
    {
        Name = name,
        Pair = (lower, upper),
        Groups = [GroupName.Default],
        UpCodec = Up,
        DownCodec = Down,
        FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>>
        {
            [lower] = [FunctionTags.Fetch, FunctionTags.Upload],
            [upper] = [FunctionTags.Distribute, FunctionTags.Aggregate],
        },
    };

    private JobSpec Spec(List<RoleSpec> roles, List<ChannelSpec> channels) => new()
    {
        Name = new("rounds"),
        Title = "rounds without training",
        Backend = Backend,
        Graph = new TopologyGraph { Roles = roles, Channels = channels },
        Datasets = Enumerable.Range(0, Trainers).Select(Data).ToDictionary(id => id, id => new DatasetSpec { Id = id }),
        Model = new ModelSpec { Kind = "none", Input = [checked((int)(Bytes / sizeof(float)))], Classes = 1 },
        Rounds = new RoundSpec { Count = Rounds, Deadline = TimeSpan.FromMinutes(10), Patience = TimeSpan.FromMinutes(10) },
        Seed = 5,
    };
}
