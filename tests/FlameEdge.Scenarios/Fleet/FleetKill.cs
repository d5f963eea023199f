using System.Diagnostics;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>A job on a fleet in which somebody dies at random moments: what every such run must come to.</summary>
internal static class FleetKill
{
    /// <summary>How long an agent may be lost before its aggregator is given to another.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    private const int Trainers = 3;
    private static readonly string[] Agents = ["gw-0", "gw-1", "gw-2", "gw-spare"];

    /// <summary>Runs the job while <paramref name="kill"/> does its worst, and demands the undisturbed bits, every update counted once and no work ever twice at once.</summary>
    public static async Task RunAsync(int rounds, Func<FleetBench, string, Task> kill)
    {
        var job = KillJob.OnFleet(Trainers, rounds, Lease);
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync(isPersistent: true);
        await using var fleet = await FleetBench.StartAsync(broker);
        fleet.StartController();
        foreach (var agent in Agents)
        {
            fleet.StartAgent(agent);
        }

        await fleet.ReadyAsync(Agents);
        await fleet.SubmitAsync(job.Text);
        await fleet.UntilAsync(job.Name, JobPhase.Running);

        await kill(fleet, job.Name);

        await fleet.UntilAsync(job.Name, JobPhase.Completed);
        Undisturbed.RequireSame(expected, fleet.ResultOf(job.Name), fleet.History);
        Assert.True(fleet.Twice.Length == 0, $"work ran twice at once: {string.Join(", ", fleet.Twice)}\n{fleet.History}");
    }

    /// <summary>Agents die one after the other, alone or two at once, and come back; the lease is often passed, often not.</summary>
    public static async Task<int> AgentsAsync(FleetBench fleet, string job, Random random, int kills)
    {
        var done = 0;
        while (done < kills && !fleet.IsOver(job))
        {
            await Moment(random, 1500);
            var victims = Agents.OrderBy(_ => random.Next()).Take(random.Next(1, 3)).ToList();
            foreach (var victim in victims)
            {
                await fleet.KillAsync(victim);
                done++;
            }

            await Moment(random, (int)(2 * Lease.TotalMilliseconds));
            victims.ForEach(victim => fleet.StartAgent(victim));
        }

        return done;
    }

    /// <summary>The controller dies and comes back.</summary>
    public static async Task<int> ControllerAsync(FleetBench fleet, string job, Random random, int kills)
    {
        var done = 0;
        for (; done < kills && !fleet.IsOver(job); done++)
        {
            await Moment(random, 1500);
            await fleet.KillAsync("controller");
            await Moment(random, 3000);
            fleet.StartController();
        }

        return done;
    }

    /// <summary>The broker dies, every other time with all it knew.</summary>
    public static async Task<int> BrokerAsync(FleetBench fleet, string job, Random random, int kills)
    {
        var done = 0;
        for (; done < kills && !fleet.IsOver(job); done++)
        {
            await Moment(random, 2500);
            await fleet.Broker.KillAsync();
            await Moment(random, 2000);
            await fleet.Broker.StartAgainAsync(keepsData: done % 2 == 1);
        }

        return done;
    }

    /// <summary>An agent and the broker die together.</summary>
    public static async Task<int> AgentAndBrokerAsync(FleetBench fleet, string job, Random random, int kills)
    {
        var done = 0;
        for (; done < kills && !fleet.IsOver(job); done++)
        {
            await Moment(random, 2500);
            var victim = Agents[random.Next(Agents.Length)];
            await Task.WhenAll(fleet.KillAsync(victim), fleet.Broker.KillAsync());
            await Moment(random, 2000);
            await fleet.Broker.StartAgainAsync(keepsData: done % 2 == 1);
            await Moment(random, (int)(1.5 * Lease.TotalMilliseconds));
            fleet.StartAgent(victim);
        }

        return done;
    }

    /// <summary>The agent with the aggregator dies for good, its folder with it; how long until another runs the aggregator.</summary>
    public static async Task<TimeSpan> MoveAsync(FleetBench fleet, string job, Random random)
    {
        await Moment(random, 2000);
        var home = string.Empty;
        await fleet.UntilAsync((_, agents) => (home = HomeOf(agents, job)) != string.Empty, "the aggregator to run somewhere");
        var start = Stopwatch.GetTimestamp();
        await fleet.KillAsync(home);
        fleet.Wipe(home);
        await fleet.UntilAsync((_, agents) => HomeOf(agents.Where(agent => agent.Key != home), job) != string.Empty, "the aggregator to run elsewhere");
        var taken = Stopwatch.GetElapsedTime(start);

        // Its own data come back with it; the aggregator does not.
        fleet.StartAgent(home);
        return taken;
    }

    private static string HomeOf(IEnumerable<KeyValuePair<string, AgentState>> agents, string job) =>
        agents.FirstOrDefault(agent => agent.Value.Work.Any(work => work.Job == job && work.Worker == KillJob.Aggregator && work.Phase == WorkPhase.Running)).Key ?? string.Empty;

    // The moment is the input: anything between two instructions.
    private static Task Moment(Random random, int most) => Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, most)), TimeProvider.System);
}
