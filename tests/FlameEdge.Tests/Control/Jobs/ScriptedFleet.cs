using System.Text;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>A controller's core with agents that are only their notices: what it posts is kept, what it stores survives <see cref="Restart"/>.</summary>
internal sealed class ScriptedFleet
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly MemoryStateStore state = new();
    private readonly Dictionary<string, AliveNote> alive = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AgentBirth> births = new(StringComparer.Ordinal);
    private int sessions;

    public ScriptedFleet(ControllerOptions? options = null)
    {
        Options = options ?? new() { Session = "s0" };
        Core = new(Options);
        Core.Claim();
    }

    public ControllerOptions Options { get; private set; }

    public ControllerCore Core { get; private set; }

    public TimeSpan Clock { get; private set; } = TimeSpan.FromSeconds(100);

    public Dictionary<BulletinTopic, byte[]> Board { get; } = [];

    public List<JobEvent> Events { get; } = [];

    /// <summary>Every task ever posted, in order.</summary>
    public List<(string Agent, AgentTask Task)> Tasks { get; } = [];

    public Effects Last { get; private set; } = new();

    private Moment Now => new(Clock, Start + Clock);

    public static AgentBirth Birth(string agent, params string[] datasets) => new()
    {
        Agent = agent,
        Incarnation = 1,
        Version = "test",
        Hardware = new() { Architecture = "x64", Cores = 4, MemoryBytes = 1_000_000_000, FreeStorageBytes = 10_000_000_000 },
        Limits = new(),
        Runtimes = new Dictionary<string, string>(StringComparer.Ordinal) { ["onnx"] = "1" },
        Programs = ["trainer", "aggregator", "middle-aggregator"],
        Datasets = [.. datasets.Select(name => new DatasetOnBoard(name))],
        DatasetCount = datasets.Length,
    };

    public static string Job(string name = "demo", string datasets = """[{"name":"d-0"},{"name":"d-1"}]""", string fleet = """{"lease":"10s"}""", string more = "", string needs = "{}") => $$"""
        {"job":"{{name}}","topology":{"roles":[{"name":"trainer","isDataConsumer":true},{"name":"aggregator","needs":{{needs}}}],
        "channels":[{"name":"param","pair":["trainer","aggregator"]}]},"datasets":{{datasets}},"rounds":{"count":5},"fleet":{{fleet}}{{more}}}
        """;

    public ScriptedFleet Up(AgentBirth birth)
    {
        births[birth.Agent] = birth;
        alive[birth.Agent] = new AliveNote($"session{sessions++}", 1, AliveNote.Online);
        Post(birth.Agent, BulletinKind.Alive, JsonSerializer.SerializeToUtf8Bytes(alive[birth.Agent], PresenceJson.Default.AliveNote));
        Post(birth.Agent, BulletinKind.Birth, FleetJson.Write(birth, FleetJson.Default.AgentBirth));
        return this;
    }

    public void Up(string agent) => Up(births[agent]);

    public void Lose(string agent)
    {
        alive[agent] = alive[agent] with { State = AliveNote.Lost };
        Post(agent, BulletinKind.Alive, JsonSerializer.SerializeToUtf8Bytes(alive[agent], PresenceJson.Default.AliveNote));
    }

    /// <summary>The controller connects anew, and the broker repeats the life signs.</summary>
    public void Reconnect()
    {
        Core.Fleet.Reconnected(Clock);
        foreach (var (agent, note) in alive)
        {
            Post(agent, BulletinKind.Alive, JsonSerializer.SerializeToUtf8Bytes(note, PresenceJson.Default.AliveNote));
        }
    }

    /// <summary>The agent reports all work of its task in this phase.</summary>
    public void Report(string agent, WorkPhase phase, string? reason = null, int round = 1, Func<string, bool>? only = null)
    {
        var task = TaskOf(agent);
        var work = task?.Jobs.SelectMany(job => job.Workers, (job, worker) => new WorkReport { Job = job.Job, Generation = job.Generation, Worker = worker.Key, Attempt = worker.Value, Phase = phase, Reason = reason, Round = round })
            .Where(report => only?.Invoke(report.Worker) != false).ToList() ?? [];
        Post(agent, BulletinKind.State, FleetJson.Write(new AgentState { Agent = agent, Incarnation = 1, State = AgentCondition.Busy, Epoch = task?.Epoch ?? 0, Revision = task?.Revision ?? 0, Work = work }, FleetJson.Default.AgentState));
    }

    public void Quiet(string agent) => Post(agent, BulletinKind.State, FleetJson.Write(new AgentState { Agent = agent, Incarnation = 1, State = AgentCondition.Ready }, FleetJson.Default.AgentState));

    public void Wish(string job, string json, string from = "op") => Core.Intake.Take(new(BulletinTopic.OfJob(new JobId(job), new AgentId(from), BulletinKind.Desired), Encoding.UTF8.GetBytes(json)), Now);

    public void Post(string agent, BulletinKind kind, byte[] json) => Core.Intake.Take(new(BulletinTopic.OfFleet(new AgentId(agent), kind), json), Now);

    public void PostOfJob(string job, string agent, BulletinKind kind, string json) => Core.Intake.Take(new(BulletinTopic.OfJob(new JobId(job), new AgentId(agent), kind), Encoding.UTF8.GetBytes(json)), Now);

    public ScriptedFleet Review()
    {
        Last = Core.Review(Now);
        state.CommitAsync(Last.Changes, CancellationToken.None).AsTask().GetAwaiter().GetResult(); // in memory: it is done already
        foreach (var (topic, json) in Last.Notices)
        {
            Keep(topic, json);
        }

        return this;
    }

    /// <summary>Time passes; the broker repeats what it is asked to repeat.</summary>
    public ScriptedFleet Pass(double seconds, bool isEchoing = true)
    {
        Clock += TimeSpan.FromSeconds(seconds);
        Review();
        if (Last.WantsEcho && isEchoing)
        {
            Core.Fleet.Echoed(Clock);
            Review();
        }

        return this;
    }

    /// <summary>Another process of the controller takes over, with what was stored and what stands at the broker.</summary>
    public void Restart()
    {
        Options = new() { Session = $"s{sessions++}" };
        Core = new(Options);
        Clock += TimeSpan.FromSeconds(2);
        Core.Load(Read(ControllerCore.Self), [.. state.ListAsync(ControllerCore.Jobs, CancellationToken.None).AsTask().GetAwaiter().GetResult().Select(entry => entry.Value)]); // in memory: it is done already
        foreach (var (topic, json) in Board.ToList())
        {
            Core.Intake.Take(new(topic, json), Now);
        }

        foreach (var (agent, birth) in births)
        {
            Post(agent, BulletinKind.Birth, FleetJson.Write(birth, FleetJson.Default.AgentBirth));
            Post(agent, BulletinKind.Alive, JsonSerializer.SerializeToUtf8Bytes(alive[agent], PresenceJson.Default.AliveNote));
        }

        Core.Claim();
        Review();
    }

    public AgentTask? TaskOf(string agent) => Board.TryGetValue(BulletinTopic.OfFleet(new AgentId(agent), BulletinKind.Task), out var json) ? FleetJson.Read(json, FleetJson.Default.AgentTask) : null;

    public IReadOnlyList<string> WorkersOf(string agent) => [.. TaskOf(agent)?.Jobs.SelectMany(job => job.Workers.Keys).Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>()];

    public JobStatus Status(string job = "demo") => FleetJson.Read(Board[BulletinTopic.OfJob(new JobId(job), new AgentId(Options.Name), BulletinKind.State)], FleetJson.Default.JobStatus)!;

    private byte[]? Read(string key) => state.ReadAsync(ControllerCore.Self, key, CancellationToken.None).AsTask().GetAwaiter().GetResult(); // in memory: it is done already

    private void Keep(BulletinTopic topic, byte[]? json)
    {
        if (json is null)
        {
            Board.Remove(topic);
        }
        else if (topic.IsRetained)
        {
            Board[topic] = json;
            if (topic.Kind == BulletinKind.Task)
            {
                Tasks.Add((topic.Agent!.Value.Value, FleetJson.Read(json, FleetJson.Default.AgentTask)!));
            }
        }
        else if (FleetJson.Read(json, FleetJson.Default.JobEvent) is { } what)
        {
            Events.Add(what);
        }
    }
}
