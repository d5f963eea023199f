using System.Text.Json;
using FlameEdge.Federated.Sampling;
using FlameEdge.Models;
using FlameEdge.Tests.Federated.Aggregation;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Sampling;

[Trait("Category", "Golden")]
public class FedBalancerGoldenTests
{
    public static TheoryData<string, int> Scenarios => Cases("selectors/fedbalancer", "scenarios");

    public static TheoryData<string, int> Samples => Cases("selectors/fedbalancer", "sample_selection");

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Thresholds_and_deadlines_follow_the_trace(string name, int index)
    {
        var scenario = Case(name, index, "scenarios");
        var control = new FedBalancerControl(new FedBalancerSettings
        {
            Window = scenario.Whole("w"),
            LossStep = scenario.Number("lss"),
            DeadlineStep = scenario.Number("dss"),
            Epochs = scenario.Whole("local_epochs"),
        });
        var speeds = scenario.Doubles("communication_seconds").Zip(scenario.Doubles("seconds_per_epoch"), (transfer, epoch) => (TimeSpan.FromSeconds(transfer), TimeSpan.FromSeconds(epoch))).ToList();
        foreach (var round in scenario.GetProperty("rounds").EnumerateArray())
        {
            Close(round, "loss_threshold_ratio", control.LossRatio);
            Close(round, "deadline_ratio", control.DeadlineRatio);
            Close(round, "loss_threshold", control.LossThreshold);
            Close(round, "deadline_for_1_epoch", FedBalancerControl.MostEfficient(speeds, 1).TotalSeconds);
            Close(round, "deadline_for_all_epochs", FedBalancerControl.MostEfficient(speeds, scenario.Whole("local_epochs")).TotalSeconds);
            Close(round, "deadline", control.Deadline(speeds).TotalSeconds);

            var benefit = control.Complete([.. round.GetProperty("reports").EnumerateArray().Select(Report)], control.Deadline(speeds));

            Close(round, "benefit", benefit);
            if (round.TryGetProperty("control", out var after))
            {
                Close(after, "loss_threshold_ratio_after", control.LossRatio);
                Close(after, "deadline_ratio_after", control.DeadlineRatio);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void The_right_number_of_samples_comes_from_each_side(string name, int index)
    {
        var item = Case(name, index, "sample_selection");
        for (var seed = 0UL; seed < 20; seed++)
        {
            var chosen = FedBalancerSampler.Choose(item.Floats("losses"), item.Number("threshold"), item.Whole("samples_trainable_before_the_deadline"), item.Number("p"), new PortableRandom(seed));

            Assert.Equal(item.Whole("take"), chosen.Distinct().Count());
            Assert.Equal(item.Whole("from_over"), chosen.Intersect(item.Wholes("over")).Count());
            Assert.Equal(item.Whole("from_under"), chosen.Intersect(item.Wholes("under")).Count());
        }
    }

    private static FedBalancerReport Report(JsonElement report) =>
        new(report.Number("loss_low"), report.Number("loss_high"), report.Number("sum_of_selected_losses"), report.Whole("number_of_selected"));

    // A TimeSpan counts in units of 1e-7 s.
    private static void Close(JsonElement expected, string field, double actual) => Assert.Equal(expected.Number(field), actual, 1e-7);
}
