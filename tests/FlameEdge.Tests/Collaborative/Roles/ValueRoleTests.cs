using FlameEdge.Collaborative.Roles;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Collaborative.Regression;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>Sites of a job whose data are values and not classes.</summary>
public class ValueRoleTests
{
    private const string High = "(load − 1) / 2 in [1E-45, Infinity)"; // A limit of 1, scaled: the smallest number above 0.
    private const int WarmUp = 120;

    [Fact]
    public async Task A_site_is_helped_with_a_region_of_a_value_that_is_new_to_it_and_keeps_the_help_over_a_restart()
    {
        var state = new MemoryStateStore();
        CanoeEvent verdict;
        await using (var sites = new RunningSites(Job, Load, state))
        {
            verdict = await sites.UntilAsync("site_0", happened => happened.Event == "verdict");
            await sites.UntilAsync("site_0", happened => happened.Event == "score" && happened.Batch > verdict.Batch + 2);
            Assert.Equal([High], sites.Told("site_0").First(happened => happened.Event == "request").Classes!);

            // High loads lie about 1.25 from where the site's low ones do, scaled; half of the regions' mean is what not knowing them costs.
            var scores = sites.Told("site_0").Where(happened => happened.Event == "score").Select(happened => happened.Error!.Value).ToArray();
            Assert.True(scores[^1] < scores[0] / 2, $"error {scores[0]:0.00} when high loads came, {scores[^1]:0.00} after help");
        }

        await using var again = new RunningSites(Job, Load, state);
        var restored = await again.UntilAsync("site_0", happened => happened.Event == "restored");

        Assert.True(verdict.Accepted, verdict.Reason);
        Assert.Equal([High], restored.Classes!);
        Assert.True(restored.Batch > verdict.Batch, $"it came back at batch {restored.Batch}, before batch {verdict.Batch} in which it had accepted");
    }

    [Fact]
    public async Task Labels_that_are_classes_are_no_values()
    {
        await using var sites = new RunningSites(Job, spec => Corners.Stream(spec.Id.Value, [0, 1], after: 10));

        var error = await Assert.ThrowsAsync<DatasetException>(sites.EndAsync);

        Assert.Contains("are classes, but canoe.value is to be predicted", error.Message, StringComparison.Ordinal);
    }

    private static string Job => $$"""
        {
          "job": "load", "seed": 1, "backend": "memory",
          "topology": { "roles": [ { "name": "site", "isDataConsumer": true }, { "name": "directory" } ], {{CanoeJobs.WithDirectory}} },
          "datasets": [ "rows-0", "rows-1", "rows-2", "test" ],
          "evaluation": "test",
          "model": { "kind": "mlp", "hidden": [24, 12] },
          "training": { "batchSize": 16 },
          "rounds": { "patience": "20s" },
          "canoe": { "warmUp": {{WarmUp}}, "batches": 100000, "batchesPerSecond": 20, "scoreEvery": 1, "value": { "name": "load", "center": 1, "deviation": 2 } }
        }
        """;

    private static FlameEdge.Models.Dataset Load(DatasetSpec spec) => spec.Id.Value switch
    {
        "rows-0" => MachineLoad.Stream("rows-0", WarmUp + 100, highFrom: WarmUp),
        "test" => MachineLoad.Stream("test", 10, highFrom: 0),
        var other => MachineLoad.Stream(other, WarmUp + 100, highFrom: 0),
    };
}
