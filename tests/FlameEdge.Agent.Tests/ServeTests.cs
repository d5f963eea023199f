using System.Text;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Mqtt;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Tests;

/// <summary>The agent as a process of its own, seen by another client of its broker.</summary>
public sealed class ServeTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly AgentId Edge = new("edge-1");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_joins_is_configured_through_the_broker_survives_a_kill_and_says_good_bye()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new($"mqtt://127.0.0.1:{broker.Port}") }, new AgentId("operator"), cancellationToken: TestContext.Current.CancellationToken);
        await using (var agent = Start(broker))
        {
            var birth = await BirthAsync(session, birth => birth.Incarnation == 1);
            Assert.Contains("trainer", birth.Programs);
            Assert.Matches(@"^\d+\.\d+\.\d+$", birth.Runtimes["onnx"]);
            Assert.True(birth.Hardware.MemoryBytes > 0 && birth.Limits.MemoryBytes <= birth.Hardware.MemoryBytes);

            // As any MQTT client would write it.
            await session.Bulletin.PostAsync(BulletinTopic.OfFleet(Edge, BulletinKind.Config), """
                { "labels": { "site": "north" }, "name": "other", "limits": { "workers": 3 },
                  "telemetry": [ { "name": "press", "filter": "plant/press/vibration", "fields": ["x"], "window": { "samples": 16 }, "classes": ["a", "b"], "label": { "topic": "plant/label" } },
                                 { "name": "bad" } ] }
                """u8.ToArray(), TestContext.Current.CancellationToken);
            await BirthAsync(session, birth => birth.Labels.GetValueOrDefault("site") == "north");
            var state = await StateAsync(session, state => state.Config?.Hash.Length == 16);
            Assert.Contains(state.Config!.Refused, refused => refused.Key == "name");
            Assert.Contains(state.Config.Refused, refused => refused.Key == "telemetry[1].filter");
            var collecting = await BirthAsync(session, birth => birth.DatasetCount == 1);
            Assert.Equal((new DatasetOnBoard("press", 0), 3), (collecting.Datasets[0], collecting.Limits.Workers));
            Assert.True(await agent.KillAsync());
        }

        await using var again = Start(broker);
        var second = await BirthAsync(session, birth => birth.Incarnation == 2);
        Assert.Equal("north", second.Labels["site"]);
        await StateAsync(session, state => state is { Incarnation: 2, State: AgentCondition.Ready });

        again.Signal("TERM");
        await StateAsync(session, state => state.State == AgentCondition.Disconnected);
        var (code, _, error) = await again.EndAsync();
        Assert.True(code == ExitCode.Ok, error);
    }

    [Fact]
    public async Task It_waits_for_a_broker_that_is_not_there()
    {
        await using var agent = RunningProgram.Start(Program, ["serve", "--broker", "mqtt://127.0.0.1:1", "--name", Edge.Value, "--state", folder["state"], "--set", "logLevel=warning"], Quiet);
        await agent.SaidAsync("keeps trying");
        agent.Signal("TERM");

        Assert.Equal(ExitCode.Ok, (await agent.EndAsync()).Code);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "flame-edge-agent.dll");

    private RunningProgram Start(Mosquitto broker) =>
        RunningProgram.Start(Program, ["serve", "--broker", $"mqtt://127.0.0.1:{broker.Port}", "--name", Edge.Value, "--state", folder["state"]], Quiet);

    // What the tests' own machine has set is no configuration of this agent.
    private static void Quiet(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Where(name => name.StartsWith("FLAMEEDGE_AGENT_", StringComparison.Ordinal)).ToList())
        {
            environment.Remove(name);
        }
    }

    private static Task<AgentBirth> BirthAsync(MqttSession session, Func<AgentBirth, bool> isIt) =>
        NoticeAsync(session, BulletinKind.Birth, json => FleetJson.Read(json.Span, FleetJson.Default.AgentBirth), isIt);

    private static Task<AgentState> StateAsync(MqttSession session, Func<AgentState, bool> isIt) =>
        NoticeAsync(session, BulletinKind.State, json => FleetJson.Read(json.Span, FleetJson.Default.AgentState), isIt);

    private static async Task<T> NoticeAsync<T>(MqttSession session, BulletinKind kind, Func<ReadOnlyMemory<byte>, T?> read, Func<T, bool> isIt)
        where T : class
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        var last = string.Empty;
        try
        {
            await foreach (var notice in session.Bulletin.WatchAsync(BulletinTopic.OfFleet(Edge, kind), bound.Token))
            {
                last = Encoding.UTF8.GetString(notice.Json.Span);
                if (read(notice.Json) is { } found && isIt(found))
                {
                    return found;
                }
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            // Told below.
        }

        throw new Xunit.Sdk.XunitException($"no such {kind} within {Bound}; the last was {last}");
    }
}
