using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative;

/// <summary>A helper's whole model in place of the own one: three corners of a square, whose names another site may have mixed up.</summary>
public class BorrowTests
{
    private readonly PortableRandom random = new(5);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_model_that_knows_the_rows_is_taken_in_and_one_that_knows_other_names_is_not(bool isSound)
    {
        var (target, helper) = (Learned("target", 120, shift: 0), Learned("helper", 60, shift: isSound ? 0 : 1));
        var (own, theirs) = (target.Ensemble.Model.Parameters.ToArray(), helper.Ensemble.Model.Parameters.ToArray());

        target.Deliver(helper.Help(Request(target))!, "helper"); // It has learned enough.
        Batch(target, shift: 0);

        var now = target.Ensemble.Model.Parameters.ToArray();
        Assert.True(isSound == Distance(now, theirs) < Distance(now, own), $"{Distance(now, theirs)} from theirs, {Distance(now, own)} from its own");
    }

    [Fact]
    public void Without_a_twin_a_model_that_is_no_better_is_not_taken_in()
    {
        var (target, helper) = (Learned("target", 120, shift: 0, keepsTwin: false), Learned("helper", 60, shift: 0));
        var (own, theirs) = (target.Ensemble.Model.Parameters.ToArray(), helper.Ensemble.Model.Parameters.ToArray());

        target.Deliver(helper.Help(Request(target))!, "helper"); // It has learned enough.
        Batch(target, shift: 0);

        var now = target.Ensemble.Model.Parameters.ToArray();
        Assert.True(Distance(now, theirs) > Distance(now, own));
    }

    [Fact]
    public void Beside_a_new_class_a_smaller_rise_of_the_others_errors_stands()
    {
        Assert.False(Stands(isBesideNew: false));
        Assert.True(Stands(isBesideNew: true));

        // A fifth of errors after a tenth: a rise of 0.1 that is 2.7 deviations.
        static bool Stands(bool isBesideNew)
        {
            var drift = new BroadDrift(0.1);
            for (var batch = 0; batch < 100; batch++)
            {
                Assert.False(drift.Add(10, 1));
            }

            bool[] stands = [.. Enumerable.Range(0, 4).Select(_ => drift.Add(16, 3, isBesideNew))];
            return stands[^1];
        }
    }

    private static KnowledgeRequest Request(Site target) => new()
    {
        Target = "target",
        Classes = [.. Enumerable.Range(0, 3).Select(label => new ClassDemand(SiteSetup.LabelId($"c{label}"), 1))],
        Counts = new Dictionary<ulong, double>(),
        InputContract = target.Record().InputContract,
        Lineage = target.Record().Lineage,
        WantsModel = true,
    };

    private static double Distance(float[] one, float[] other) => Math.Sqrt(one.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum());

    private Site Learned(string name, int batches, int shift, bool keepsTwin = true)
    {
        var setup = new SiteSetup { Name = name, Classes = ["c0", "c1", "c2"], SampleShape = [2], Inputs = "corners", Seed = (ulong)name.Length };
        var site = new Site(setup, DenseNetwork.Drawn((ulong)name[0], [2, 24, 12, 3]), new CanoeSettings { KeepsTwin = keepsTwin }, TimeProvider.System) { IsAsking = false };
        for (var batch = 0; batch < batches; batch++)
        {
            Batch(site, shift);
        }

        return site;
    }

    private void Batch(Site site, int shift)
    {
        int[] corners = [.. Enumerable.Range(0, 16).Select(i => i % 3)];
        site.Learn(
            corners.SelectMany(corner => new[] { (corner % 2 == 0 ? -1 : 1) + (0.3 * this.random.Normal()), (corner < 2 ? -1 : 1) + (0.3 * this.random.Normal()) }.Select(value => (float)value)).ToArray(),
            [.. corners.Select(corner => (corner + shift) % 3)]);
    }
}
