using FlameEdge.Control.Jobs;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>The same fleet at brokers that know MQTT 3.1.1 only, each with a quirk of its own: by certificate, with no more than the generated rights, and with a controller that dies in the middle.</summary>
public sealed class OtherBrokerTests : IDisposable
{
    private static readonly string[] Agents = ["gw-0", "gw-1", "gw-2"];
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task NATS_carries_a_fleet()
    {
        using var identities = await IdentitiesAsync();
        await using var broker = await NatsServer.StartAsync(identities.FilesOf("broker"));
        var job = await JobAsync("nats");
        await CallAsync("nats", "--out", folder["acl.conf"]);
        await broker.ReloadAsync(await File.ReadAllTextAsync(folder["acl.conf"]));
        await RunAsync(broker, "nats", identities, job);
    }

    [Fact]
    public async Task RabbitMQ_carries_a_fleet()
    {
        using var identities = await IdentitiesAsync();
        await using var broker = await RabbitMq.StartAsync(identities.FilesOf("broker"));
        var job = await JobAsync("rabbitmq");
        await File.WriteAllTextAsync(folder["password"], "guest\n");
        await CallAsync("rabbitmq", "--apply", "guest", "--management", $"http://127.0.0.1:{broker.ManagementPort}", "--password-file", folder["password"]);
        await RunAsync(broker, "rabbitmq", identities, job);
    }

    public void Dispose() => folder.Dispose();

    private static Task<FleetIdentities> IdentitiesAsync() => FleetIdentities.MakeAsync([.. Agents, "controller", "operator", "observer"]);

    private async Task<KillJob> JobAsync(string kind)
    {
        var job = KillJob.OnFleet(Agents.Length, rounds: 4, FleetKill.Lease, $"fleet-{kind}");
        await File.WriteAllTextAsync(folder["job.json"], job.Text);
        return job;
    }

    private async Task CallAsync(string product, params string[] more)
    {
        var (code, _, error) = await Command.CallAsync(
            ["topology", "acl", folder["job.json"], "--agents", string.Join(',', Agents), "--controllers", "controller", "--operators", "operator,observer", "--broker-type", product, .. more]);
        Assert.True(code == ExitCode.Ok, error);
    }

    /// <summary>The controller comes after its agents, and dies while the job runs: it must learn of them, and go on with it, all the same.</summary>
    private static async Task RunAsync(BrokerProcess broker, string kind, FleetIdentities identities, KillJob job)
    {
        var expected = await Undisturbed.Of(job);
        await using var fleet = await FleetBench.StartAsync(broker, identities, profile: Path.Combine(SharedData.RepositoryRoot, "brokers", kind, "profile.json"));
        fleet.Patience = TimeSpan.FromSeconds(40);
        foreach (var agent in Agents)
        {
            fleet.StartAgent(agent);
        }

        await fleet.ReadyAsync(Agents);
        fleet.StartController();
        await fleet.SubmitAsync(job.Text);
        await fleet.RoundAsync(job.Name, 1);
        await fleet.KillAsync("controller");
        fleet.StartController();

        await RequireSeenAsync(fleet, "fleet", Agents);
        await RequireSeenAsync(fleet, "job", job.Name);
        await fleet.UntilAsync(job.Name, JobPhase.Completed);
        Undisturbed.RequireSame(expected, fleet.ResultOf(job.Name), fleet.History);
        Assert.Empty(fleet.Twice);
    }

    /// <summary>Who asks hears of everything that was there before, though nobody says anything anew.</summary>
    private static async Task RequireSeenAsync(FleetBench fleet, string what, params string[] names)
    {
        // A controller that has just started meets agents by their heartbeats.
        var start = TimeProvider.System.GetTimestamp();
        string output;
        do
        {
            (var code, output, var error) = await fleet.CallAsync(what, "list", "--format", "json");
            Assert.True(code == ExitCode.Ok, error);
        }
        while (!names.All(name => output.Contains($"\"{name}\"", StringComparison.Ordinal)) && TimeProvider.System.GetElapsedTime(start) < fleet.Patience);
        Assert.All(names, name => Assert.Contains($"\"{name}\"", output, StringComparison.Ordinal));
    }
}
