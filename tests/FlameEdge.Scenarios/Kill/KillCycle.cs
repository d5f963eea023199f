using System.Diagnostics;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>Somebody dies, and comes back: how.</summary>
internal static class KillCycle
{
    /// <summary>Runs a job in which workers die at named points, each in its own lives one after the other.</summary>
    public static async Task AtPointsAsync(FleetOfProcesses fleet, IReadOnlyList<(string Victim, string[] Lives)> kills)
    {
        foreach (var worker in fleet.Job.Workers)
        {
            fleet.Start(worker, kills.FirstOrDefault(kill => kill.Victim == worker).Lives?[0]);
        }

        await Task.WhenAll(kills.Select(async kill =>
        {
            foreach (var next in kill.Lives.Skip(1).Append(null))
            {
                await fleet.CrashedAsync(kill.Victim);
                fleet.Start(kill.Victim, next);
            }
        }));
        await fleet.EndAsync();
    }

    /// <summary>Runs a job in which up to <paramref name="kills"/> workers die at random moments, alone or together; who died, in order.</summary>
    public static async Task<List<string>> AtRandomAsync(FleetOfProcesses fleet, Random random, int kills)
    {
        var died = new List<string>();
        fleet.StartAll();
        var start = Stopwatch.GetTimestamp();
        while (died.Count < kills && fleet.IsGoingOn && Stopwatch.GetElapsedTime(start) < FleetOfProcesses.Bound)
        {
            // The moment is the input: anything between two instructions.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 2500)), TimeProvider.System);
            foreach (var victim in Victims(fleet.Job, random))
            {
                if (fleet.IsRunning(victim) && await fleet.KillAsync(victim))
                {
                    died.Add(victim);
                }
            }

            if (random.Next(3) == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(4000)), TimeProvider.System);
            }

            foreach (var worker in fleet.Job.Workers.Where(worker => fleet.WasKilled(worker)))
            {
                fleet.Start(worker);
            }
        }

        await fleet.EndAsync();
        return died;
    }

    /// <summary>Runs a job whose broker dies <paramref name="kills"/> times, each at a random moment of another round, and comes back; how often it did.</summary>
    public static async Task<int> BrokerAsync(FleetOfProcesses fleet, Mosquitto broker, Random random, int kills, Func<int, bool> comesBackEmpty)
    {
        var done = 0;
        fleet.StartAll();
        while (done < kills)
        {
            await fleet.RoundAsync(done);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500)), TimeProvider.System);
            if (!fleet.IsGoingOn)
            {
                break;
            }

            await broker.KillAsync();
            await broker.StartAgainAsync(keepsData: !comesBackEmpty(done));
            done++;
        }

        await fleet.EndAsync();
        return done;
    }

    // One, two at once, or the aggregator, or the first of a ring, together with a trainer.
    private static string[] Victims(KillJob job, Random random)
    {
        var any = job.Workers[random.Next(job.Workers.Count)];
        return random.Next(4) switch
        {
            0 => [job.Tellers[0], job.Workers[^(1 + random.Next(2))]],
            1 => [.. new[] { any, job.Workers[random.Next(job.Workers.Count)] }.Distinct()],
            _ => [any],
        };
    }
}
