using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Curves;

/// <summary>Another graph over the same data is another <c>topology:</c> section and nothing else, and learns the same: sums are exact at every level.</summary>
[Trait("Category", "Golden")]
public class ChangedTopologyTests
{
    [Fact]
    public async Task Digits_in_three_branches_follow_the_flat_curve()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsTreeAsync("digits");

        Assert.Equal(5 + 3 + 1, result.Workers);
        ReferenceCurve.Read("digits", 360, "iid", "det_softmax_curve_lr0.5_E5_T20").AssertFollowedBy(result);
    }

    [Fact]
    public async Task Thirty_phone_users_in_five_wards_follow_the_flat_curve()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsTreeAsync("wisdm-har");

        Assert.Equal(30 + 5 + 1, result.Workers);
        ReferenceCurve.Read("wisdm-har", 890, "fedavg_det_softmax_lr0.2_E5_T60").AssertFollowedBy(result);
    }

    [Fact]
    public async Task Nine_air_stations_in_the_regions_of_their_labels_follow_the_flat_curve()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await RunAsTreeAsync("beijing-air");

        Assert.Equal(9 + 3 + 1, result.Workers);
        ReferenceCurve.Read("beijing-air", 73_145, "fedavg_det_softmax_lr0.3_E5_T30").AssertFollowedBy(result);
    }

    private static async Task<JobResult> RunAsTreeAsync(string job)
    {
        var flatText = File.ReadAllText(GoldenJob.Path(job));
        var flat = JobText.Of(flatText);
        var tree = flat.With(GoldenJob.Tree(job));
        var treeText = tree.ToString();

        Assert.Equal(flatText, flat.ToString());
        Assert.NotEqual(flat.Topology, tree.Topology);
        Assert.Equal(flatText.Replace(flat.Topology, "", StringComparison.Ordinal), treeText.Replace(tree.Topology, "", StringComparison.Ordinal));

        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["job.yaml"], treeText);
        return await Command.RunAsync(folder["job.yaml"], Command.Set(GoldenJob.Data(job)));
    }
}
