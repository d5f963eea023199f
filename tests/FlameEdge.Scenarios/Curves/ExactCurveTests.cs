using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Curves;

/// <summary>The whole way, from job file over broker, engine and exact sums to the result, leads to published learning curves.</summary>
[Trait("Category", "Golden")]
public class ExactCurveTests
{
    [Theory]
    [InlineData("modulo", "iid")]
    [InlineData("shards", "noniid_2shards")]
    public async Task Digits_follow_the_reference(string partition, string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("digits", "digits", $"partition={partition}");

        ReferenceCurve.Read("digits", 360, name, "det_softmax_curve_lr0.5_E5_T20").AssertFollowedBy(result);
    }

    [Fact]
    public async Task Digits_follow_the_reference_over_mosquitto()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        await using var mosquitto = await Mosquitto.StartAsync();

        var result = await Command.RunAsync(GoldenJob.Path("digits"), ["--broker", $"mqtt://127.0.0.1:{mosquitto.Port}", .. Command.Set(GoldenJob.Data("digits"))]);

        ReferenceCurve.Read("digits", 360, "iid", "det_softmax_curve_lr0.5_E5_T20").AssertFollowedBy(result);
    }

    [Fact]
    public async Task Thirty_phone_users_follow_the_reference()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("wisdm-har", "wisdm-har");

        ReferenceCurve.Read("wisdm-har", 890, "fedavg_det_softmax_lr0.2_E5_T60").AssertFollowedBy(result);
    }

    [Fact]
    public async Task Nine_air_stations_follow_the_reference()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("beijing-air", "beijing-air");

        ReferenceCurve.Read("beijing-air", 73_145, "fedavg_det_softmax_lr0.3_E5_T30").AssertFollowedBy(result);
    }

    [Theory]
    [InlineData("blocks", "iid")]
    [InlineData("modulo", "mod10")]
    [InlineData("shards", "noniid_2shards")]
    public async Task A_tenth_of_mnist_follows_the_reference(string partition, string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("mnist-small", "mnist", $"partition={partition}");

        ReferenceCurve.Read("mnist", 2000, "small", name, "curve_round_acc_loss_l2").AssertFollowedBy(result);
    }

    [Theory]
    [InlineData("blocks", "iid")]
    [InlineData("shards", "noniid_2shards")]
    public async Task All_of_mnist_follows_the_reference(string partition, string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("mnist", "mnist", $"partition={partition}");

        ReferenceCurve.Read("mnist", 10_000, "full", name, "det_softmax_curve_lr0.1_E5_T10").AssertFollowedBy(result);
    }

    [Fact]
    public async Task One_step_a_round_is_gradient_descent_on_all_rows()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsync("mnist-small", "mnist", "training.steps=1", "rounds.count=10");

        ReferenceCurve.Read("mnist", 2000, "small", "centralised_gd_10_steps").AssertFollowedBy(result);
    }

    private static Task<Rounds.JobResult> RunAsync(string job, string data, params string[] assignments) =>
        Command.RunAsync(GoldenJob.Path(job), Command.Set([GoldenJob.Data(data), .. assignments]));
}
