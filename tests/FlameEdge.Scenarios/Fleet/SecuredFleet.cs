using FlameEdge.Control.Jobs;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>Five agents on mosquitto with mutual TLS and generated rights, one of them fresh from the box, and a job run on them; shared by the tests of a class.</summary>
public sealed class SecuredFleet : IAsyncLifetime
{
    /// <summary>The job that all five run.</summary>
    public const string Job = "plant";

    /// <summary>The agent that is told from afar what it has on board.</summary>
    public const string Fresh = "gw-4";

    /// <summary>Its text.</summary>
    public const string Text = """
        {
          "job": "plant", "seed": 3,
          "topology": {
            "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
            "channels": [ { "name": "param", "pair": ["trainer", "aggregator"] } ]
          },
          "datasets": [
            { "name": "machine-0", "format": "vibration", "generator": { "sites": 5, "site": 0, "windows": 60 }, "standardize": "local", "agents": "gw-0" },
            { "name": "machine-1", "format": "vibration", "generator": { "sites": 5, "site": 1, "windows": 60 }, "standardize": "local", "agents": "gw-1" },
            { "name": "machine-2", "format": "vibration", "generator": { "sites": 5, "site": 2, "windows": 60 }, "standardize": "local", "agents": "gw-2" },
            { "name": "machine-3", "format": "vibration", "generator": { "sites": 5, "site": 3, "windows": 60 }, "standardize": "local", "agents": "gw-3" },
            { "name": "lines", "onBoard": "line-*" },
            { "name": "test", "format": "vibration", "generator": { "sites": 5, "windows": 20, "site": -1, "test": 1 }, "standardize": "local" }
          ],
          "evaluation": "test",
          "model": { "kind": "mlp", "hidden": [12] },
          "training": { "learningRate": 0.05, "epochs": 1, "batchSize": 16 },
          "rounds": { "count": 3, "quorum": "all", "deadline": "120s", "patience": "120s" }
        }
        """;

    private const string FreshConfig = """{"datasets":[{"name":"line-4","format":"vibration","generator":{"sites":5,"site":4,"windows":60},"standardize":"local"}]}""";

    private static readonly string[] Agents = ["gw-0", "gw-1", "gw-2", "gw-3", Fresh];
    private FleetIdentities? identities;
    private TemporaryFolder? folder;
    private Mosquitto? broker;
    private FleetBench? bench;
    private PlainClient? observer;

    /// <summary>What <c>job watch</c> wrote, and its exit code.</summary>
    internal (int Code, string Output) Watched { get; private set; }

    internal FleetIdentities Identities => identities!; // Set before any test.

    internal FleetBench Bench => bench!; // As above.

    internal Mosquitto Broker => broker!; // As above.

    /// <summary>A plain client that may read and write everything, and has heard everything from the broker's start on.</summary>
    internal PlainClient Observer => observer!; // As above.

    public async ValueTask InitializeAsync()
    {
        await BringUpAsync();
        await RunJobAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await (observer?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (bench?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (broker?.DisposeAsync() ?? ValueTask.CompletedTask);
        identities?.Dispose();
        folder?.Dispose();
    }

    private async Task BringUpAsync()
    {
        identities = await FleetIdentities.MakeAsync([.. Agents, "gw-9", "controller", "operator", "observer"]);
        folder = new TemporaryFolder();
        var job = folder["plant.json"];
        await File.WriteAllTextAsync(job, Text);
        var (code, _, error) = await Command.CallAsync(
            "topology", "acl", job, "--agents", string.Join(',', [.. Agents, "gw-9"]), "--controllers", "controller", "--operators", "operator", "--broker-type", "mosquitto", "--out", folder["acl"]);
        Assert.True(code == ExitCode.Ok, error);
        await File.AppendAllTextAsync(folder["acl"], "\nuser observer\ntopic readwrite #\ntopic read $SYS/#\n");
        broker = await Mosquitto.StartAsync(new MosquittoSetup { Tls = identities.FilesOf("broker"), AsksForCertificates = true, AclFile = folder["acl"] });
        observer = await PlainClient.ConnectAsync(broker.Port, "plain-observer", identities.FilesOf("observer"));
        await observer.SubscribeAsync("#");
        bench = await FleetBench.StartAsync(broker, identities);
    }

    private async Task RunJobAsync()
    {
        Bench.StartController();
        foreach (var agent in Agents)
        {
            Bench.StartAgent(agent);
        }

        await Bench.ReadyAsync(Agents);

        // Nothing but MQTT: as mosquitto_pub -r would.
        await Observer.PublishAsync($"flameedge/fleet/{Fresh}/config", FreshConfig, retain: true);
        await Observer.UntilAsync(message => message.Topic == $"flameedge/fleet/{Fresh}/birth" && message.Text.Contains("line-4", StringComparison.Ordinal), "the fresh agent to announce its dataset");
        await Bench.SubmitAsync(Text);
        var (code, output, _) = await Bench.CallAsync("job", "watch", Job);
        Watched = (code, output);
        await Bench.UntilAsync(Job, JobPhase.Completed);
    }
}
