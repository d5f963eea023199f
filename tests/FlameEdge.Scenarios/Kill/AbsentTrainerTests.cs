using FlameEdge.Rounds;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>A quorum below all and a trainer that dies: the job goes on, the verdicts tell it, and whoever comes back is counted again.</summary>
[Trait("kill", "absent")]
public class AbsentTrainerTests
{
    private const string Victim = "trainer_2";

    [Fact(Explicit = true)]
    public async Task A_trainer_that_never_returns_is_told_and_the_result_replays_to_the_same_bits()
    {
        var deadline = TimeSpan.FromSeconds(25);
        var job = KillJob.Flat(trainers: 3, rounds: 5, quorum: "2", deadline);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        fleet.StartAll();
        await fleet.RoundAsync(2);
        await fleet.KillAsync(Victim);
        await fleet.EndAsync(except: Victim);

        var result = fleet.Result;
        Assert.All(result.Rounds, Undisturbed.RequireHonestVerdicts);
        Assert.All(result.Rounds, round => Assert.True(round.Seconds < deadline.TotalSeconds + 10, $"round {round.Round} took {round.Seconds} s\n{fleet.History}"));
        Assert.All(result.Rounds.Take(2), round => Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));

        // It may have died after its update for the third round had gone up; from then on it cannot have been counted.
        Assert.All(result.Rounds.Skip(3), round => Assert.Contains(VerdictOn(round), new[] { Verdict.Left, Verdict.Absent, Verdict.Late }));
        Assert.All(result.Rounds.Skip(4), round => Assert.Equal(Verdict.Absent, VerdictOn(round)));
        Assert.All(result.Rounds, round => Assert.All(round.Verdicts.Where(verdict => verdict.Worker != Victim), verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));

        var again = await Undisturbed.RunAsync(job, replay: fleet.PathOf(KillJob.Aggregator, "result.json"));
        Assert.Equal(result.Rounds.Select(round => round.Model), again.Rounds.Select(round => round.Model));
        Assert.Equal(result.Model, again.Model);
    }

    [Fact(Explicit = true)]
    public async Task A_trainer_that_returns_in_a_later_round_is_counted_from_then_on()
    {
        var job = KillJob.Flat(trainers: 3, rounds: 9, quorum: "2", TimeSpan.FromMinutes(2));
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        fleet.StartAll();
        await fleet.RoundAsync(2);
        await fleet.KillAsync(Victim);
        await fleet.RoundAsync(5);

        // From here on there is no quorum without the one who returns: the job waits for it, however slow the machine.
        await fleet.KillAsync("trainer_1");
        fleet.Start(Victim);
        await fleet.EndAsync(except: "trainer_1");

        var verdicts = fleet.Result.Rounds.Select(VerdictOn).ToList();
        Assert.All(fleet.Result.Rounds, Undisturbed.RequireHonestVerdicts);
        Assert.All(verdicts.Skip(3).Take(2), verdict => Assert.NotEqual(Verdict.Counted, verdict));
        Assert.True(verdicts.Skip(6).All(verdict => verdict == Verdict.Counted), fleet.History);
    }

    [Fact(Explicit = true)]
    public async Task A_trainer_whose_disk_was_wiped_is_counted_again()
    {
        var job = KillJob.Flat(trainers: 3, rounds: 6);
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        fleet.StartAll();
        foreach (var round in new[] { 1, 2, 3 })
        {
            await fleet.RoundAsync(round);
            await fleet.KillAsync(Victim);
            Directory.Delete(fleet.PathOf(Victim), recursive: true);
            fleet.Start(Victim);
        }

        await fleet.EndAsync();

        Undisturbed.RequireSame(expected, fleet);
    }

    private static Verdict VerdictOn(RoundResult round) => round.Verdicts.Single(verdict => verdict.Worker == Victim).Verdict;
}
