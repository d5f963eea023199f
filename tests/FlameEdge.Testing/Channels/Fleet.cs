using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Testing.Channels;

/// <summary>A star for tests: one aggregator, some trainers, each on a device of its own unless said otherwise.</summary>
public sealed class Fleet(int trainers, string job = "contract", Func<int, string>? trainerAgent = null)
{
    public static readonly RoleName AggregatorRole = new("aggregator");
    public static readonly RoleName TrainerRole = new("trainer");
    public static readonly WorkerId Aggregator = new("aggregator_0");

    public static WorkerId Trainer(int index) => WorkerId.Of(TrainerRole, index);

    public AgentId AggregatorAgent { get; } = new("hub");

    public AgentId TrainerAgent(int index) => new(trainerAgent?.Invoke(index) ?? $"device-{index}");

    public ChannelEndpoint AggregatorEnd(long incarnation = 1) => new()
    {
        Job = new JobId(job),
        Channel = new ChannelName("param-channel"),
        Group = GroupName.Default,
        Self = Aggregator,
        Agent = AggregatorAgent,
        Role = AggregatorRole,
        OtherRole = TrainerRole,
        Placement = Enumerable.Range(0, trainers).ToDictionary(Trainer, TrainerAgent),
        Incarnation = incarnation,
    };

    public ChannelEndpoint TrainerEnd(int index, long incarnation = 1) => new()
    {
        Job = new JobId(job),
        Channel = new ChannelName("param-channel"),
        Group = GroupName.Default,
        Self = Trainer(index),
        Agent = TrainerAgent(index),
        Role = TrainerRole,
        OtherRole = AggregatorRole,
        Placement = new Dictionary<WorkerId, AgentId> { [Aggregator] = AggregatorAgent },
        Incarnation = incarnation,
    };
}
