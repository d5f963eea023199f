using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

/// <summary>The expansions that Flame's own builder was seen to make, rebuilt as jobs of ours; they hold without the reference folder.</summary>
public class WorkedExpansionTests
{
    [Fact]
    public void Two_tiers_make_one_aggregator_and_one_trainer_per_dataset()
    {
        var plan = Expand(
            """{ "name": "trainer", "isDataConsumer": true, "groupAssociation": [{ "param": "us" }], "datasets": { "us": ["d-9", "d-1", "d-5"] } }, { "name": "aggregator", "groupAssociation": [{ "param": "us" }] }""",
            """{ "name": "param", "pair": ["trainer", "aggregator"], "groupBy": ["us"] }""");

        Assert.Equal(["aggregator us", "trainer d-9 us", "trainer d-1 us", "trainer d-5 us"], JobTexts.Lines(plan));
        Assert.Equal(["aggregator_0", "trainer_0", "trainer_1", "trainer_2"], plan.Workers.Select(worker => worker.Id.Value));
    }

    [Fact]
    public void Three_tiers_meet_in_their_groups()
    {
        var plan = Expansion.Expand(JobTexts.Sound(JobTexts.ThreeTiers));

        Assert.Equal(["a default", "m eu default", "m na default", "t d-0 eu", "t d-1 eu", "t d-2 na", "t d-3 na"], JobTexts.Lines(plan));
        Assert.Equal(["t_2", "t_3"], plan.Members(new("param"), new("na"), new("t")).Select(worker => worker.Id.Value));
        Assert.Equal(["m_0", "m_1"], plan.Members(new("global"), GroupName.Default, new("m")).Select(worker => worker.Id.Value));
        Assert.Empty(plan.Members(new("param"), new("asia"), new("t")));
    }

    [Fact]
    public void Replicas_repeat_all_associations_before_the_next_one()
    {
        var plan = Expand(
            """{ "name": "t", "isDataConsumer": true, "groupAssociation": [{ "param": "us" }, { "param": "eu" }], "datasets": { "us": ["d-0", "d-1"], "eu": ["d-2", "d-3"] } }, { "name": "m", "replica": 3, "groupAssociation": [{ "param": "us", "global": "default" }, { "param": "eu", "global": "default" }] }, { "name": "a" }""",
            """{ "name": "param", "pair": ["t", "m"], "groupBy": ["us", "eu"] }, { "name": "global", "pair": ["m", "a"] }""");

        Assert.Equal(11, plan.Workers.Count);
        Assert.Equal(["us", "eu", "us", "eu", "us", "eu"], plan.Workers.Where(worker => worker.Role.Value == "m").Select(worker => worker.Groups[new("param")].Value));
    }

    [Fact]
    public void Two_replicas_of_one_association_share_its_group()
    {
        var plan = Expand(
            """{ "name": "t", "isDataConsumer": true, "datasets": { "red": ["d-0"] } }, { "name": "m", "groupAssociation": [{ "param": "red", "global": "black" }, { "param": "red", "global": "black" }] }, { "name": "a" }""",
            """{ "name": "param", "pair": ["t", "m"], "groupBy": "red" }, { "name": "global", "pair": ["m", "a"], "groupBy": "black" }""");

        Assert.Equal(4, plan.Workers.Count);
        Assert.Equal(2, plan.Members(new("param"), new("red"), new("m")).Count);
    }

    [Fact]
    public void A_channel_among_equals_holds_all_trainers()
    {
        var plan = Expand(
            """{ "name": "t", "isDataConsumer": true, "datasets": { "us": ["d-0", "d-1", "d-2"] } }""",
            """{ "name": "ring", "pair": ["t", "t"], "groupBy": "us" }""");

        Assert.Equal(["t d-0 us", "t d-1 us", "t d-2 us"], JobTexts.Lines(plan));
    }

    [Fact]
    public void Hybrid_trainers_stand_in_a_ring_and_below_an_aggregator()
    {
        var plan = Expand(
            """{ "name": "trainer", "isDataConsumer": true, "groupAssociation": [{ "param": "us", "global": "default" }, { "param": "eu", "global": "default" }], "datasets": { "eu": ["d-0", "d-1"], "us": ["d-2", "d-3"] } }, { "name": "aggregator" }""",
            """{ "name": "param", "pair": ["trainer", "trainer"], "groupBy": ["eu", "us"] }, { "name": "global", "pair": ["trainer", "aggregator"] }""");

        Assert.Equal(["aggregator default", "trainer d-0 eu default", "trainer d-1 eu default", "trainer d-2 us default", "trainer d-3 us default"], JobTexts.Lines(plan));
    }

    [Fact]
    public void A_coordinator_hears_every_role()
    {
        var plan = Expand(
            """{ "name": "coordinator" }, { "name": "m", "replica": 2 }, { "name": "a" }, { "name": "t", "isDataConsumer": true, "datasets": ["d-0", "d-1", "d-2"] }""",
            """
            { "name": "c-a", "pair": ["a", "coordinator"], "funcTags": { "a": ["coordinate"], "coordinator": ["coordinateWithTopAgg"] } },
            { "name": "c-m", "pair": ["m", "coordinator"], "funcTags": { "m": ["coordinate"], "coordinator": ["coordinateWithMidAgg"] } },
            { "name": "c-t", "pair": ["t", "coordinator"], "funcTags": { "t": ["coordinate"], "coordinator": ["coordinateWithTrainer"] } },
            { "name": "global", "pair": ["m", "a"] }, { "name": "param", "pair": ["t", "m"] }
            """);

        Assert.Equal(7, plan.Workers.Count);
        Assert.All(plan.Workers, worker => Assert.All(worker.Groups.Values, group => Assert.Equal(GroupName.Default, group)));
    }

    [Fact]
    public void Parallel_experiments_are_separate_pairs()
    {
        var plan = Expand(
            """{ "name": "t", "isDataConsumer": true, "datasets": { "us": ["d-0"], "eu": ["d-1"], "asia": ["d-2"] } }, { "name": "a" }""",
            """{ "name": "param", "pair": ["t", "a"], "groupBy": ["us", "eu", "asia"] }""");

        Assert.Equal(["a us", "a eu", "a asia", "t d-2 asia", "t d-1 eu", "t d-0 us"], JobTexts.Lines(plan));
    }

    [Fact]
    public void Two_roles_may_consume_data()
    {
        var plan = Expand(
            """{ "name": "phone", "isDataConsumer": true, "datasets": ["d-0", "d-1"] }, { "name": "car", "isDataConsumer": true, "datasets": ["d-2"] }, { "name": "a" }""",
            """{ "name": "p", "pair": ["phone", "a"] }, { "name": "c", "pair": ["car", "a"] }""");

        Assert.Equal(["a default default", "car d-2 default", "phone d-0 default", "phone d-1 default"], JobTexts.Lines(plan));
    }

    [Fact]
    public void Four_tiers_with_uneven_groups_count_up()
    {
        var sizes = new[] { 1, 4, 2, 3, 2, 3 };
        var datasets = string.Join(", ", sizes.Select((size, city) =>
            $$"""{ "name": "c{{city}}", "partition": { "kind": "modulo", "parts": {{size}} }, "labels": { "city": "city-{{city}}", "region": "{{(city < 2 ? "north" : "south")}}" }, "path": "x.csv" }"""));
        var job = JobTexts.Sound($$"""
            { "job": "four-tiers", "datasets": [{{datasets}}], "topology": {
              "roles": [{ "name": "t", "isDataConsumer": true }, { "name": "k" }, { "name": "r" }, { "name": "top" }],
              "channels": [
                { "name": "city", "pair": ["t", "k"], "groupBy": { "label": "city" } },
                { "name": "region", "pair": ["k", "r"], "groupBy": { "label": "region" } },
                { "name": "all", "pair": ["r", "top"] } ] } }
            """);

        var plan = Expansion.Expand(job);

        Assert.Equal(24, plan.Workers.Count);
        Assert.Equal(2, plan.Members(new("region"), new("north"), new("k")).Count);
        Assert.Equal(4, plan.Members(new("region"), new("south"), new("k")).Count);
        Assert.Equal(4, plan.Members(new("city"), new("city-1"), new("t")).Count);
    }

    private static JobPlan Expand(string roles, string channels)
    {
        var datasets = string.Join(", ", Enumerable.Range(0, 10).Select(at => $"\"d-{at}\""));
        return Expansion.Expand(JobTexts.Sound($$"""{ "job": "worked", "datasets": [{{datasets}}], "topology": { "roles": [{{roles}}], "channels": [{{channels}}] } }"""));
    }
}
