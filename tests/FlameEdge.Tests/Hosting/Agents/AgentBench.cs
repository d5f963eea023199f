using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Gates;
using FlameEdge.Control.Jobs;
using FlameEdge.Hosting;
using FlameEdge.Hosting.Agents;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Hosting.Agents;

/// <summary>An agent in memory, and a controller's hand to write its tasks and serve its documents. Its programs only wait, and count who runs.</summary>
internal sealed class AgentBench : IAsyncDisposable
{
    public const string Generation = "0123456789ab";
    public static readonly AgentId Edge = new("edge");
    private static readonly AgentId Controller = new("controller");
    private readonly Dictionary<string, byte[]> contents = new(StringComparer.Ordinal);
    private readonly List<IAsyncDisposable> served = [];
    private CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private Severable? severed;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    public MemoryBulletin Board { get; } = new(isRecording: true);

    public MemoryHub Hub { get; } = new();

    public MemoryStateStore State { get; set; } = new();

    public MemoryFolders Folders { get; } = new();

    public Contact Link { get; } = new();

    public Runs Runs { get; } = new();

    public List<IWorkGate> Gates { get; } = [];

    public TemporaryFolder Data { get; } = new();

    public AgentFacts Facts { get; set; } = FactsOf();

    public FleetAgent? Agent { get; private set; }

    public static AgentFacts FactsOf(int datasets = 0) => new()
    {
        Birth = new AgentBirth
        {
            Agent = Edge.Value,
            Incarnation = 0,
            Version = "test",
            Hardware = new HardwareFacts { Architecture = "x64", Cores = 4, MemoryBytes = 1L << 30, FreeStorageBytes = 1L << 30 },
            Limits = new AgentLimits(),
            Programs = ["aggregator", "trainer"],
            Datasets = [.. Enumerable.Range(0, datasets).Select(index => new DatasetOnBoard($"dataset-{index}", 1000, new Dictionary<string, string> { ["region"] = "north" }))],
        },
    };

    /// <summary>Starts the agent and waits until it has said so.</summary>
    public async Task StartAsync()
    {
        stopping = new CancellationTokenSource();
        Agent = new FleetAgent(new FleetAgentSetup
        {
            Facts = Facts,
            Bulletin = severed = new Severable(Board),
            Contact = Link,
            OpenBackends = () => [new MemoryChannelBackend(Hub)],
            State = State,
            Folders = Folders,
            Roles = new RoleCatalog().Add("trainer", Runs.Create).Add("aggregator", Runs.Create),
            Engines = [new SoftmaxEngine()],
            LoadAsync = (spec, _) => Task.FromResult(TestJobs.Rows(spec.Id)),
            DataFolder = Data.Path,
            Gates = Gates,
            Time = Time,
        });
        running = Agent.RunAsync(stopping.Token);
        await UntilAsync(() => Said() is { State: not AgentCondition.Init }, "the agent has not come up");
    }

    /// <summary>Stops it with a good-bye.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await UntilAsync(() => running.IsCompleted, "the agent does not stop");
        Agent?.Dispose();
    }

    /// <summary>Ends it without a word, as a power cut would.</summary>
    public Task KillAsync()
    {
        severed!.IsCut = true; // It was started.
        return StopAsync();
    }

    /// <summary>Serves a document of a job of two workers on this agent, trainer_0 with the dataset d and aggregator_0, and gives its hash.</summary>
    public async Task<string> ServeAsync(string job = "study", string dataset = """{ "name": "d", "path": "rows.csv", "label": "y" }""")
    {
        var text = $$"""
            { "job": "{{job}}", "backend": "memory",
              "topology": { "roles": [{ "name": "trainer", "isDataConsumer": true, "datasets": ["d"] }, { "name": "aggregator" }],
                            "channels": [{ "name": "param", "pair": ["trainer", "aggregator"] }] },
              "datasets": [{{dataset}}], "model": { "kind": "softmax", "input": [2], "classes": 2 } }
            """;
        var groups = new Dictionary<string, string> { ["param"] = "default" };
        var document = new JobDocument
        {
            Job = job,
            Generation = Generation,
            Revision = 1,
            Text = JsonDocument.Parse(text).RootElement,
            Workers = [new("trainer_0", Edge.Value, "d", groups, 1), new("aggregator_0", Edge.Value, null, groups, 1)],
        };
        var bytes = FleetJson.Write(document, FleetJson.Default.JobDocument);
        var hash = ContentExchange.HashOf(bytes);
        contents[hash] = bytes;
        var channel = await new MemoryChannelBackend(Hub).OpenAsync(ContentEndpoint.OfController(new(job), Controller, [Edge], 1), CancellationToken.None);
        var exchange = new ContentExchange(channel, TimeProvider.System, (wanted, _) => new(contents.TryGetValue(wanted, out var found) ? (ReadOnlyMemory<byte>?)found : null));
        await exchange.JoinAsync(CancellationToken.None);
        served.Add(exchange);
        return hash;
    }

    public static TaskJob Job(string document, int attempt = 1, DesiredWork desired = DesiredWork.Run, string job = "study", params string[] workers) => new()
    {
        Job = job,
        Generation = Generation,
        Document = document,
        Desired = desired,
        LeaseSeconds = 15,
        Workers = (workers.Length == 0 ? ["trainer_0", "aggregator_0"] : workers).ToDictionary(worker => worker, _ => attempt),
    };

    public Task TaskAsync(long revision, params TaskJob[] jobs) => TaskAsync(1, revision, jobs);

    public Task TaskAsync(long epoch, long revision, params TaskJob[] jobs) => Board.PostAsync(
        BulletinTopic.OfFleet(Edge, BulletinKind.Task),
        FleetJson.Write(new AgentTask { Epoch = epoch, Revision = revision, Controller = Controller.Value, Jobs = jobs }, FleetJson.Default.AgentTask),
        CancellationToken.None);

    /// <summary>The last state posted.</summary>
    public AgentState? Said() => Board.Posted.LastOrDefault(notice => notice.Topic == BulletinTopic.OfFleet(Edge, BulletinKind.State)) is { } last ? FleetJson.Read(last.Json.Span, FleetJson.Default.AgentState) : null;

    public WorkReport? Report(string worker) => Said()?.Work.FirstOrDefault(report => report.Worker == worker);

    public bool Is(string worker, WorkPhase phase) => Report(worker)?.Phase == phase;

    /// <summary>Lets time pass in small steps until something holds; ten seconds of real time at most.</summary>
    public async Task UntilAsync(Func<bool> holds, string otherwise)
    {
        var bound = System.Diagnostics.Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(bound.Elapsed < TimeSpan.FromSeconds(10), $"{otherwise}: {(Said() is { } state ? JsonSerializer.Serialize(state, FleetJson.Default.AgentState) : "no state")}");
            Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    /// <summary>Lets so much time pass, with room for everybody to act on it.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(250))
        {
            Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var exchange in served)
        {
            await exchange.DisposeAsync();
        }

        Data.Dispose();
        Folders.Dispose();
    }

    /// <summary>A board on which a dead agent says nothing any more.</summary>
    private sealed class Severable(IBulletin board) : IBulletin
    {
        public bool IsCut { get; set; }

        public Task PostAsync(BulletinTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) => IsCut ? Task.CompletedTask : board.PostAsync(topic, json, cancellationToken);

        public Task ClearAsync(BulletinTopic topic, CancellationToken cancellationToken) => IsCut ? Task.CompletedTask : board.ClearAsync(topic, cancellationToken);

        public IAsyncEnumerable<Bulletin> WatchAsync(BulletinTopic topic, CancellationToken cancellationToken) => board.WatchAsync(topic, cancellationToken);

        public Task<Bulletin?> ReadAsync(BulletinTopic topic, TimeSpan bound, CancellationToken cancellationToken) => board.ReadAsync(topic, bound, cancellationToken);
    }

    /// <summary>A broker that answers, or not.</summary>
    public sealed class Contact : IContact
    {
        public bool IsConnected { get; set; } = true;

        public TimeSpan Silence { get; set; }
    }

    /// <summary>State stores that outlive the agent, as a disk does.</summary>
    public sealed class MemoryFolders : IJobFolders, IDisposable
    {
        private readonly Dictionary<JobKey, MemoryStateStore> stores = [];
        private readonly TemporaryFolder files = new();

        public List<JobKey> Deleted { get; } = [];

        public IReadOnlyList<JobKey> List() => [.. stores.Keys];

        public IStateStore Open(JobKey job) => stores.TryGetValue(job, out var store) ? store : stores[job] = new();

        public string FileOf(JobKey job, string name) => files[name];

        public void Delete(JobKey job)
        {
            Deleted.Add(job);
            stores.Remove(job);
        }

        public void Dispose() => files.Dispose();
    }
}
