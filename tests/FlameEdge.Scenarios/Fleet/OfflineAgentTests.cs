using System.Globalization;
using FlameEdge.Control.Jobs;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>A device behind a bad line: the broker has forgotten it when it comes back, the job has not.</summary>
public class OfflineAgentTests
{
    private const string Offline = "gw-1";
    private const int ExpirySeconds = 2;
    private static readonly string[] Agents = ["gw-0", Offline, "gw-2"];
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task An_agent_that_comes_back_after_its_session_has_expired_delivers_what_it_owes()
    {
        // The lease outlasts the absence: its worker goes on and has an update to deliver when the line is back.
        var job = KillJob.OnFleet(Agents.Length, rounds: 8, lease: TimeSpan.FromSeconds(60), "fleet-offline");
        var expected = await Undisturbed.Of(job);
        using var folder = new TemporaryFolder();
        await using var broker = await Mosquitto.StartAsync(new MosquittoSetup { More = [$"log_dest file {folder["broker.log"]}", "log_type notice"] });
        await using var line = new TcpProxy(() => broker.Port);
        await using var fleet = await FleetBench.StartAsync(broker);
        fleet.Patience = Bound;
        fleet.StartController();
        foreach (var agent in Agents.Except([Offline]))
        {
            fleet.StartAgent(agent);
        }

        fleet.StartAgent(Offline, $"mqtt://127.0.0.1:{line.Port}", "--set", "broker.keepAliveSeconds=1", "--set", string.Create(CultureInfo.InvariantCulture, $"broker.sessionExpirySeconds={ExpirySeconds}"));
        await fleet.ReadyAsync(Agents);
        await fleet.SubmitAsync(job.Text);
        await fleet.RoundAsync(job.Name, 1);

        // Neither end sees it: each finds out by silence.
        line.Freeze(staysDown: true);
        await ForgottenAsync(folder["broker.log"], fleet);
        Assert.False(fleet.IsOver(job.Name), fleet.History);
        line.Restore();

        await fleet.UntilAsync(job.Name, JobPhase.Completed);
        Undisturbed.RequireSame(expected, fleet.ResultOf(job.Name), fleet.History);
        Assert.Empty(fleet.Twice);
    }

    /// <summary>Waits until the broker has thrown the session away, by its own words.</summary>
    private static async Task ForgottenAsync(string log, FleetBench fleet)
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < Bound; await Task.Delay(Look, TimeProvider.System))
        {
            await using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            if ((await reader.ReadToEndAsync()).Contains($"Expiring client {Offline} due to timeout", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"the broker still knew {Offline} after {Bound}\n{await File.ReadAllTextAsync(log)}\n{fleet.History}");
    }
}
