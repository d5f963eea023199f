using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt;

/// <summary>Every topic FlameEdge speaks of; the only place that builds or takes apart topic text.</summary>
/// <remarks><code>
/// {prefix}/data/{job}/{channel}/{group}/{agent}/{worker}/{to}     channel traffic; {to} = a role or a worker
/// {prefix}/here/{job}/{channel}/{group}/{agent}/{worker}          presence on a channel, retained
/// {prefix}/job/{job}/{agent}/spec | state | round | event | desired
/// {prefix}/fleet/{agent}/alive | birth | state | metrics | event | task | config
/// </code>
/// Names come from a plan that was checked; what arrives from the network is only compared and looked up.</remarks>
public sealed class TopicScheme
{
    private const string Any = "+";
    private readonly string prefix;

    /// <param name="prefix">The first level: <c>[a-z0-9-]{1,36}</c>.</param>
    /// <exception cref="ChannelException">The prefix is not one level of those characters.</exception>
    public TopicScheme(string prefix)
    {
        if (prefix.Length is 0 or > 36 || !prefix.All(static character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-'))
        {
            throw new ChannelException($"the topic prefix '{prefix}' is not one level of 1 to 36 lower-case letters, digits and hyphens; choose another, such as 'flameedge'");
        }

        this.prefix = prefix;
    }

    /// <summary>What a worker publishes on: to one worker, or to all of the other role.</summary>
    public string Data(ChannelEndpoint from, WorkerId? to) => Data(from, from.Agent.Value, from.Self.Value, to?.Value ?? from.OtherRole.Value);

    /// <summary>What a worker listens to: everything sent to it, and everything sent to its role.</summary>
    public string[] DataFilters(ChannelEndpoint self) => [Data(self, Any, Any, self.Role.Value), Data(self, Any, Any, self.Self.Value)];

    /// <summary>Where a worker's presence stands.</summary>
    public string Here(ChannelEndpoint at, AgentId agent, WorkerId worker) => Here(at, agent.Value, worker.Value);

    /// <summary>The presence of everybody in a group.</summary>
    public string AnyHere(ChannelEndpoint at) => Here(at, Any, Any);

    /// <summary>Where an agent's life sign, and its last will, stand.</summary>
    public string Alive(AgentId agent) => $"{prefix}/fleet/{agent.Value}/alive";

    /// <summary>The life signs of the whole fleet.</summary>
    public string AnyAlive() => $"{prefix}/fleet/{Any}/alive";

    /// <summary>Where a notice stands, or a filter for the notices of all agents.</summary>
    public string Notice(BulletinTopic topic) => topic.Job is { } job
        ? $"{prefix}/job/{job.Value}/{topic.Agent?.Value ?? Any}/{LevelOf(topic.Kind)}"
        : $"{prefix}/fleet/{topic.Agent?.Value ?? Any}/{LevelOf(topic.Kind)}";

    /// <summary>Takes a topic apart; null where it is none of ours.</summary>
    public ReceivedTopic? Read(string topic) => topic.Split('/') switch
    {
        [var first, "data", var job, var channel, var group, var agent, var worker, var to] when first == prefix =>
            new DataTopic(new JobId(job), new ChannelName(channel), new GroupName(group), new AgentId(agent), new WorkerId(worker), to),
        [var first, "here", var job, var channel, var group, var agent, var worker] when first == prefix =>
            new HereTopic(new JobId(job), new ChannelName(channel), new GroupName(group), new AgentId(agent), new WorkerId(worker)),
        [var first, "fleet", var agent, "alive"] when first == prefix => new AliveTopic(new AgentId(agent)),
        [var first, "fleet", var agent, var level] when first == prefix && KindOf(level) is { } kind => new NoticeTopic(new BulletinTopic(null, new AgentId(agent), kind)),
        [var first, "job", var job, var agent, var level] when first == prefix && KindOf(level) is { } kind =>
            new NoticeTopic(new BulletinTopic(new JobId(job), new AgentId(agent), kind)),
        _ => null,
    };

    private static string LevelOf(BulletinKind kind) => kind switch
    {
        BulletinKind.Spec => "spec",
        BulletinKind.State => "state",
        BulletinKind.Round => "round",
        BulletinKind.Event => "event",
        BulletinKind.Birth => "birth",
        BulletinKind.Metrics => "metrics",
        BulletinKind.Task => "task",
        BulletinKind.Config => "config",
        BulletinKind.Desired => "desired",
        BulletinKind.Alive => "alive",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such notice"),
    };

    private static BulletinKind? KindOf(string level) => level switch
    {
        "spec" => BulletinKind.Spec,
        "state" => BulletinKind.State,
        "round" => BulletinKind.Round,
        "event" => BulletinKind.Event,
        "birth" => BulletinKind.Birth,
        "metrics" => BulletinKind.Metrics,
        "task" => BulletinKind.Task,
        "config" => BulletinKind.Config,
        "desired" => BulletinKind.Desired,
        _ => null,
    };

    private string Data(ChannelEndpoint at, string agent, string worker, string to) =>
        $"{prefix}/data/{at.Job.Value}/{at.Channel.Value}/{at.Group.Value}/{agent}/{worker}/{to}";

    private string Here(ChannelEndpoint at, string agent, string worker) =>
        $"{prefix}/here/{at.Job.Value}/{at.Channel.Value}/{at.Group.Value}/{agent}/{worker}";
}

/// <summary>A topic something was received on.</summary>
public abstract record ReceivedTopic;

/// <summary>Channel traffic; <paramref name="To"/> is a role's or a worker's name.</summary>
public sealed record DataTopic(JobId Job, ChannelName Channel, GroupName Group, AgentId Agent, WorkerId Worker, string To) : ReceivedTopic;

/// <summary>A worker's presence on a channel.</summary>
public sealed record HereTopic(JobId Job, ChannelName Channel, GroupName Group, AgentId Agent, WorkerId Worker) : ReceivedTopic;

/// <summary>An agent's life sign.</summary>
public sealed record AliveTopic(AgentId Agent) : ReceivedTopic;

/// <summary>A notice of a job or the fleet.</summary>
public sealed record NoticeTopic(BulletinTopic Topic) : ReceivedTopic;
