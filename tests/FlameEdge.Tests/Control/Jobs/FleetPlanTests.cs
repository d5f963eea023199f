using FlameEdge.Control.Jobs;
using FlameEdge.Models;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>Bytes of a round by hand: a model of six values is 24 bytes behind a header of 48, and 400 are reckoned for every message's head: 472.</summary>
public class FleetPlanTests
{
    private static readonly RoundSpec Rounds = new();
    private static readonly TrainingSpec Training = new();

    [Fact]
    public void Below_an_aggregator_a_model_comes_to_each_and_an_update_goes_up_from_each() =>
        Assert.Equal(472 * (1 + 5) + (472 * 2 * 5), BytesOf(TestJobs.Flat(5, Rounds, Training), "mqtt"));

    // Each of n members sends 2 (n - 1) parts, which are delivered: 4 (n - 1) models of 24 bytes and 4 n (n - 1) heads.
    [Fact]
    public void Around_a_ring_parts_go_from_each_to_the_next() =>
        Assert.Equal((4 * 4 * 24) + (4 * 5 * 4 * 400), BytesOf(TestJobs.Ring(5, Rounds, Training), "mqtt"));

    // Three and two in a ring, with the model handed on twice and once; above, two voices.
    [Theory]
    [InlineData("mqtt", (2 * ((4 * 24) + (4 * 3 * 400) + (2 * 472))) + ((4 * 24) + (4 * 2 * 400) + (2 * 472)))]
    [InlineData("memory", 0)]
    public void Rings_below_an_aggregator_have_one_voice_each_and_a_channel_of_another_kind_costs_the_broker_nothing(string backend, long rings) =>
        Assert.Equal((472 * (1 + 2)) + (472 * 2 * 2) + rings, BytesOf(TestJobs.Hybrid(5, 2, Rounds, Training), backend));

    private static long? BytesOf(JobPlan plan, string ringBackend)
    {
        var channels = plan.Job.Graph.Channels.Select(channel => channel with { Backend = channel.Name.Value == "ring" ? ringBackend : "mqtt" });
        var job = plan.Job with { Model = new ModelSpec { Kind = "softmax", Input = [2], Classes = 2 }, Graph = plan.Job.Graph with { Channels = [.. channels] } };
        return FleetPlan.Of(new(job, plan.Workers), []).RoundBytes;
    }
}
