using FlameEdge.Control.Jobs;
using FlameEdge.Mqtt.Access;
using FlameEdge.Scenarios.Fleet;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Scenarios.Canoe;

/// <summary>Sites on the devices of a fleet.</summary>
public class CanoeFleetTests
{
    private const string Name = "canoe-beside";
    private static readonly string[] Agents = ["gw-0", "gw-1", "gw-2"];

    private static string Job => CanoeJobs.OfCorners(
        Name, "mqtt", string.Join(", ", Agents.Select((agent, site) => $$"""{ "name": "rows-{{site}}", "path": "rows-{{site}}.csv", "label": "label", "agents": "{{agent}}" }""")), """ "batchesPerSecond": 20, """);

    [Fact]
    public async Task A_canoe_job_runs_beside_a_federated_one_on_the_same_agents_and_broker()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await FleetBench.StartAsync(broker);
        foreach (var site in Enumerable.Range(0, Agents.Length))
        {
            await File.WriteAllTextAsync(fleet.PathOf($"rows-{site}.csv"), Corners.Csv($"rows-{site}", site == 0 ? [0, 1] : [0, 1, 2], after: 100), TestContext.Current.CancellationToken);
        }

        fleet.StartController();
        foreach (var agent in Agents)
        {
            fleet.StartAgent(agent);
        }

        await fleet.ReadyAsync(Agents);
        var federated = KillJob.OnFleet(Agents.Length, rounds: 3, lease: TimeSpan.FromSeconds(60), "federated-beside");
        await fleet.SubmitAsync(Job);
        await fleet.SubmitAsync(federated.Text);
        await fleet.UntilAsync(federated.Name, JobPhase.Completed);
        await fleet.UntilAsync(Name, JobPhase.Completed);

        Assert.Empty(fleet.Twice);
        foreach (var step in new[] { "\"event\":\"request\",\"site\":\"site_0\"", "\"event\":\"ranking\",\"site\":\"directory_0\"", "\"event\":\"received\",\"site\":\"site_0\"", "\"accepted\":true", "\"event\":\"done\",\"site\":\"site_2\"" })
        {
            Assert.True(fleet.History.Contains(step, StringComparison.Ordinal), $"nobody heard {step}\n{fleet.History}");
        }
    }

    [Fact]
    public void The_access_list_lets_a_device_ask_answer_and_judge_under_its_own_name_only()
    {
        var found = new SpecProblems();
        var plan = Expansion.Expand(JobReader.Read(JsonSpecReader.Read(System.Text.Encoding.UTF8.GetBytes(Job), "job.json", found)!, "/jobs", [], null, found)!); // It has been run above.
        var access = AccessRules.For(new AccessRequest { Agents = [.. Agents.Select(agent => new AgentId(agent)), new AgentId("server")], Jobs = [plan] });
        var (target, other) = (access.Users.Single(user => user.User == "gw-0"), access.Users.Single(user => user.User == "gw-1"));

        Assert.True(target.MayWrite($"flameedge/data/{Name}/packet/default/gw-0/site_0/site_1"));
        Assert.True(target.MayWrite($"flameedge/data/{Name}/request/default/gw-0/site_0/directory_0"));
        Assert.True(target.MayWrite($"flameedge/job/{Name}/gw-0/event"));
        Assert.False(target.MayWrite($"flameedge/data/{Name}/packet/default/gw-1/site_1/site_2"));
        Assert.False(target.MayWrite($"flameedge/data/{Name}/request/default/server/directory_0/site_1"));
        Assert.True(target.MayRead($"flameedge/data/{Name}/packet/default/+/+/site_0"));
        Assert.True(target.MayRead($"flameedge/data/{Name}/request/default/+/+/site_0"));
        Assert.False(other.MayRead($"flameedge/data/{Name}/packet/default/+/+/site_0"));
        Assert.False(other.MayRead($"flameedge/data/{Name}/packet/default/gw-2/site_2/site_0"));
    }
}
