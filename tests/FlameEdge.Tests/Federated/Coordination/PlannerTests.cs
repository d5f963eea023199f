using CsCheck;
using FlameEdge.Federated.Coordination;

namespace FlameEdge.Tests.Federated.Coordination;

public class PlannerTests
{
    [Fact]
    public void Before_anything_is_measured_all_have_the_same_share()
    {
        var fleet = new VirtualFleet(3, 12);

        fleet.Round();

        Assert.All(fleet.State.Assignment.Values, members => Assert.Equal(4, members.Count));
    }

    [Fact]
    public void A_slower_aggregator_has_fewer_trainers_and_rounds_become_shorter()
    {
        var fleet = new VirtualFleet(2, 12) { Pace = { ["m_1"] = 1.8 } };

        var seconds = Enumerable.Range(0, 6).Select(_ => fleet.Round()).ToList();

        Assert.Equal((8, 4), (fleet.State.Assignment["m_0"].Count, fleet.State.Assignment["m_1"].Count));
        Assert.Equal(6 * 1.8, seconds[0], 1e-9);
        Assert.Equal(8, seconds[^1], 1e-9);
    }

    [Fact]
    public void A_straggler_is_left_out_for_longer_each_time_and_tried_with_few()
    {
        var fleet = new VirtualFleet(3, 12) { Pace = { ["m_2"] = 20 } };

        var had = Enumerable.Range(0, 24).Select(_ =>
        {
            fleet.Round();
            return fleet.State.Assignment.GetValueOrDefault("m_2")?.Count ?? 0;
        }).ToList();

        // In with its share; out for one round, tried; out for two, tried; out for four, for eight.
        Assert.Equal([4, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], had);
    }

    [Fact]
    public void A_straggler_that_has_become_fast_is_taken_back_and_has_its_share_again()
    {
        var fleet = new VirtualFleet(3, 12) { Pace = { ["m_2"] = 20 } };
        Rounds(fleet, 2);
        Assert.False(fleet.State.Assignment.ContainsKey("m_2"));

        fleet.Pace["m_2"] = 1;
        Rounds(fleet, 3);

        Assert.Equal(4, fleet.State.Assignment["m_2"].Count);
        Assert.Equal(0, fleet.State.Aggregators["m_2"].Strikes);
    }

    [Fact]
    public void An_aggregator_is_not_blamed_for_a_slow_trainer()
    {
        var fleet = new VirtualFleet(3, 12) { Training = { ["t_5"] = 60 } };

        Rounds(fleet, 6);

        Assert.Equal(3, fleet.State.Assignment.Count);
        Assert.All(fleet.State.Aggregators.Values, known => Assert.Equal(0, known.Strikes));
    }

    [Fact]
    public void An_aggregator_that_was_not_counted_is_left_out_and_one_that_is_away_has_nobody()
    {
        var fleet = new VirtualFleet(3, 12);
        fleet.Round();
        fleet.Uncounted.Add("m_0");
        fleet.Away.Add("m_1");
        fleet.Round();

        Assert.Equal(["m_2"], fleet.State.Assignment.Keys);
        Assert.Contains("was not counted", fleet.State.Aggregators["m_0"].Why);
        Assert.Equal("it is not there", fleet.State.Aggregators["m_1"].Why);
    }

    [Fact]
    public void One_that_has_a_model_and_does_not_answer_is_left_out_where_nobody_waits()
    {
        var planner = new Planner(new CoordinationSettings(Every: 5));
        var groups = new PlannedGroup([new("m_0"), new("m_1")], [new("t_0"), new("t_1")]);
        var present = groups.Aggregators.Concat(groups.Trainers).ToHashSet();
        var first = planner.Decide(new() { Run = "run" }, 1, [groups], present);
        var seconds = new Dictionary<string, double?> { ["m_0"] = 1 };
        var measured = new Dictionary<string, CoordinationMessage>();

        var patient = planner.Decide(planner.Learn(first, seconds, measured, new Dictionary<string, double> { ["m_1"] = 3.9 }), 2, [groups], present);
        var done = planner.Decide(planner.Learn(patient, seconds, measured, new Dictionary<string, double> { ["m_1"] = 4.1 }), 3, [groups], present);

        Assert.Equal(1, patient.Plan);
        Assert.Equal(["m_0"], done.Assignment.Keys);
        Assert.Contains("it has not answered for 4.1 s", done.Aggregators["m_1"].Why);
    }

    [Fact]
    public void Where_all_are_left_out_the_one_whose_time_is_nearest_comes_back()
    {
        var fleet = new VirtualFleet(2, 4);
        fleet.Round();
        fleet.Uncounted.Add("m_0");
        fleet.Uncounted.Add("m_1");
        fleet.Round();

        Assert.Single(fleet.State.Assignment);
        Assert.Equal(4, fleet.State.Assignment.Values.Single().Count);
    }

    [Fact]
    public void A_trainer_that_is_away_keeps_a_place_of_its_own()
    {
        var fleet = new VirtualFleet(2, 5) { Away = { "t_3" } };

        fleet.Round();

        Assert.Equal(5, fleet.State.Assignment.Values.SelectMany(members => members).Distinct().Count());
    }

    [Fact]
    public void A_plan_that_is_good_enough_stays_under_its_number()
    {
        var fleet = new VirtualFleet(3, 9) { Pace = { ["m_1"] = 1.05 } };

        Rounds(fleet, 8);

        Assert.Equal(1, fleet.State.Plan);
    }

    [Fact]
    public void Whatever_happens_every_trainer_counts_once_and_the_same_measurements_give_the_same_plan() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 20], Gen.Double[0.01, 30].Array[5], Gen.Double[0, 20].Array[20], Gen.Int[0, 31].Array[8]).Sample((hosts, guests, paces, trainings, faults) =>
        {
            var (one, two) = (Make(), Make());
            foreach (var fault in faults)
            {
                Play(one, fault);
                Play(two, fault);
                Assert.Equal(guests, one.State.Assignment.Values.Sum(members => members.Count));
                Assert.Equal(guests, one.State.Assignment.Values.SelectMany(members => members).Distinct().Count());
                Assert.Equal(one.State.Assignment.Select(entry => (entry.Key, string.Join(' ', entry.Value))), two.State.Assignment.Select(entry => (entry.Key, string.Join(' ', entry.Value))));
            }

            VirtualFleet Make()
            {
                var fleet = new VirtualFleet(hosts, guests);
                for (var at = 0; at < hosts; at++)
                {
                    fleet.Pace[$"m_{at}"] = paces[at];
                }

                for (var at = 0; at < guests; at++)
                {
                    fleet.Training[$"t_{at}"] = trainings[at];
                }

                return fleet;
            }

            static void Play(VirtualFleet fleet, int fault)
            {
                fleet.Away.Clear();
                fleet.Uncounted.Clear();
                _ = (fault & 1) > 0 && fleet.Away.Add($"m_{fault >> 3}");
                _ = (fault & 2) > 0 && fleet.Uncounted.Add($"m_{fault >> 3}");
                _ = (fault & 4) > 0 && fleet.Away.Add($"t_{fault >> 3}");
                fleet.Round();
            }
        }, iter: 300);

    private static void Rounds(VirtualFleet fleet, int count)
    {
        for (var round = 0; round < count; round++)
        {
            fleet.Round();
        }
    }
}
