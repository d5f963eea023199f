using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class RobustJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Quorum = 5, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30), LargestValue = 1e6 };

    public static TheoryData<RobustSpec> Rules { get; } =
        new(new RobustSpec { Kind = "median" }, new RobustSpec { Kind = "trimmed-mean", Trim = 2 }, new RobustSpec { Kind = "krum", Attackers = 2 }, new RobustSpec { Kind = "multi-krum", Attackers = 2, Keep = 5 }, new RobustSpec { Kind = "geometric-median" });

    [Theory]
    [MemberData(nameof(Rules), DisableDiscoveryEnumeration = true)]
    public async Task Two_of_nine_that_turn_their_change_round_do_not_keep_the_others_from_learning(RobustSpec rule)
    {
        var clean = await Job(9, rule, (_, _) => { }).RunAsync();
        var attacked = await Job(9, rule, (data, values) => Turn(data, values, -50)).RunAsync();
        var mean = await Job(9, null, (data, values) => Turn(data, values, -50)).RunAsync();

        Assert.InRange(attacked.Rounds[^1].Loss!.Value, 0, clean.Rounds[^1].Loss!.Value + 0.05);
        Assert.True(mean.Rounds[^1].Loss > clean.Rounds[^1].Loss + 0.5, "the attack is none");
    }

    [Fact]
    public async Task Attackers_whose_updates_are_refused_are_not_feared_a_second_time()
    {
        // Krum against two needs seven; of eight two send rubbish, which leaves six, among whom nobody is left to fear.
        var rule = new RobustSpec { Kind = "krum", Attackers = 2 };

        var observer = await Job(8, rule, (data, values) => values[0] = IsHostile(data) ? float.NaN : values[0]).RunAsync();

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(6, round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)));
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
    }

    [Fact]
    public async Task A_replay_fears_as_many_as_the_run_did()
    {
        var rule = new RobustSpec { Kind = "trimmed-mean", Trim = 2 };
        var first = await Job(8, rule, (data, values) => values[0] = IsHostile(data) ? float.NaN : values[0]).RunAsync();
        var script = new ReplayScript(new JobResult { Job = "j", Title = "j", State = "completed", Runtime = "test", Workers = 9, Model = "m", Rounds = first.Rounds });

        var again = await Job(8, rule, (_, _) => { }, script).RunAsync();

        Assert.Equal(first.Rounds.Select(round => round.Model), again.Rounds.Select(round => round.Model));
    }

    private static bool IsHostile(string data) => data is "d-1" or "d-4";

    private static void Turn(string data, float[] values, float factor)
    {
        for (var i = 0; IsHostile(data) && i < values.Length; i++)
        {
            values[i] *= factor;
        }
    }

    private static InMemoryJob Job(int trainers, RobustSpec? rule, Action<string, float[]> attack, ReplayScript? replay = null)
    {
        var plan = TestJobs.Flat(trainers, Rounds, Training);
        return new(new(plan.Job with { Robust = rule }, plan.Workers)) { Engine = new SoftmaxEngine { OnTrained = attack }, Replay = replay, State = new MemoryStateStore() };
    }
}
