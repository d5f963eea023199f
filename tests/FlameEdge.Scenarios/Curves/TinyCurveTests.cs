using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Curves;

/// <summary>The exact curve of eighty rows made by a formula: golden rows of our own, for where the reference data is absent.</summary>
[Trait("Category", "Golden")]
public class TinyCurveTests
{
    // Printed by tiny_oracle.py, which knows the formula and the protocol and nothing of FlameEdge.
    private static readonly ReferenceCurve Expected = new(20,
    [
        new(0.55, 0.929770151, 0.666428839),
        new(0.55, 0.855637218, 1.104220159),
        new(0.55, 0.803643011, 1.431272291),
        new(0.60, 0.760294872, 1.697769816),
        new(0.60, 0.722534143, 1.926828675),
        new(0.60, 0.689312150, 2.130332711),
    ]);

    [Fact]
    public async Task Three_unequal_sites_follow_the_hand_made_curve()
    {
        var result = await RunAsync(File.ReadAllText(GoldenJob.Path("tiny")));

        Assert.Equal(3 + 1, result.Workers);
        Assert.All(result.Rounds, round => Assert.Equal(60, round.Samples));
        Expected.AssertFollowedBy(result);
    }

    [Fact]
    public async Task Two_unequal_regions_over_them_follow_it_as_well()
    {
        var tree = JobText.Of(File.ReadAllText(GoldenJob.Path("tiny"))).With(GoldenJob.Tree("tiny"));

        var result = await RunAsync(tree.ToString());

        Assert.Equal(3 + 2 + 1, result.Workers);
        Expected.AssertFollowedBy(result);
    }

    private static async Task<JobResult> RunAsync(string job)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["job.yaml"], job);
        await File.WriteAllLinesAsync(folder["tiny.csv"], Enumerable.Range(0, 80).Select(Row).Prepend("site,x,y,level"));
        return await Command.RunAsync(folder.Path);
    }

    private static string Row(int row)
    {
        var (x, y) = (7 * row % 23, 5 * row % 17);
        var level = ((17 * x) + (23 * y)) switch { < 280 => "low", < 460 => "mid", _ => "high" };
        var site = (row % 6) switch { 0 => 'a', < 3 => 'b', _ => 'c' };
        return $"{site},{x},{y},{level}";
    }
}
