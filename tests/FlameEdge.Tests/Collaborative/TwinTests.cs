using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative;

/// <summary>The learner that a site would be without help, beside it: a target that knows two corners of a square, and a helper that knows three.</summary>
public class TwinTests
{
    private static readonly int[] s_widths = [2, 24, 12, 3];
    private readonly PortableRandom random = new(9);

    [Fact]
    public void The_twin_learns_what_a_site_that_nobody_helps_learns_to_the_last_bit()
    {
        var alone = New(new CanoeSettings { LearningRate = 0.05f, Collaborates = false });
        var twin = Twin.Of(DenseNetwork.Drawn(1, s_widths), new CanoeSettings(), Setup().Seed)!; // Dense.
        var replay = new ExampleStore(3, new CanoeSettings().ReplayPerClass, new PortableRandom(Setup().Seed, 0));
        for (var batch = 0; batch < 40; batch++)
        {
            var (rows, labels) = Batch([0, 1]);
            alone.Learn(rows, labels);
            foreach (var (row, label) in labels.Index())
            {
                replay.Add(rows.AsSpan(2 * row, 2), label);
            }

            twin.Learn(rows, labels, replay);
        }

        var (tests, _) = Batch([0, 1, 2]);
        var said = Distrusted(twin, tests);

        Assert.Equal(Shares(alone.Predict(tests)), Shares(said), (expected, actual) => Math.Abs(expected - actual) < 1e-5);
    }

    [Fact]
    public void Who_has_done_better_of_late_is_believed()
    {
        var twin = Twin.Of(DenseNetwork.Drawn(1, s_widths), new CanoeSettings(), 1)!; // Dense.
        var (rows, labels) = Batch([0, 1]);
        for (var batch = 0; batch < 20; batch++)
        {
            twin.Judge(rows, labels, Sure(labels, wrong: false));
        }

        Assert.True(twin.HelpedShare > 0.95, $"{twin.HelpedShare}");
        for (var batch = 0; batch < 20; batch++)
        {
            twin.Judge(rows, labels, Sure(labels, wrong: true));
        }

        Assert.True(twin.HelpedShare < 0.05, $"{twin.HelpedShare}");
        twin.Credit();
        Assert.InRange(twin.HelpedShare, 0.7, 0.9);
        twin.Discredit();
        Assert.InRange(twin.HelpedShare, 0.1, 0.3);
    }

    [Fact]
    public void A_rare_class_counts_as_much_as_the_others_up_to_three_times_a_row()
    {
        var network = DenseNetwork.Drawn(1, s_widths);
        var twin = Twin.Of(network, new CanoeSettings(), 1)!; // Dense.
        int[] labels = [.. Enumerable.Repeat(0, 15), 2];
        var (rows, own, helped) = (Rows(labels), new float[3 * 16], new float[3 * 16]);
        network.Forward(rows, own);
        helped[(3 * 15) + 2] = 20; // Sure of the one rare row, and knows nothing of the others.

        twin.Judge(rows, labels, helped);

        // Two classes seen, so that each has eight rows' worth: a common row counts 8/15, the rare one would count eight times and counts three.
        var expected = Enumerable.Range(0, 16).Sum(row => (row < 15 ? 8.0 / 15 : 3) * (Logits.LogLikelihood(helped.AsSpan(3 * row, 3), labels[row]) - Logits.LogLikelihood(own.AsSpan(3 * row, 3), labels[row])));
        Assert.Equal(expected, Math.Log(twin.HelpedShare / (1 - twin.HelpedShare)) / 0.1, 1e-6);
    }

    [Fact]
    public void Help_that_harms_costs_half()
    {
        var (kept, bare) = (Harmed(new CanoeSettings { IsGated = false }), Harmed(new CanoeSettings { IsGated = false, KeepsTwin = false }));

        Assert.True(bare < 0.8, $"{bare}: the packet did no harm, and nothing is shown");
        Assert.True(kept > bare + 0.08, $"{kept} beside {bare}");
    }

    [Fact]
    public void While_nothing_has_changed_the_site_says_what_its_network_says()
    {
        var site = New(new CanoeSettings());
        for (var batch = 0; batch < 100; batch++)
        {
            Learn(site, [0, 1]);
        }

        Assert.Equal(1, site.HelpedShare);
        Learn(site, [0, 1, 2]);
        Assert.InRange(site.HelpedShare, 0.01, 0.99);
    }

    [Fact]
    public void A_site_without_and_a_network_that_is_no_chain_have_none()
    {
        Assert.Null(Twin.Of(DenseNetwork.Drawn(1, s_widths), new CanoeSettings { KeepsTwin = false }, 1));
        Assert.Null(Twin.Of(DenseNetwork.Drawn(1, s_widths), new CanoeSettings { Collaborates = false }, 1));
        Assert.Equal(1, New(new CanoeSettings { KeepsTwin = false }).HelpedShare);
    }

    [Fact]
    public void A_memory_from_before_there_were_twins_is_read_and_the_twin_begins_at_the_network()
    {
        var (before, after) = (New(new CanoeSettings { KeepsTwin = false }), New(new CanoeSettings()));
        for (var batch = 0; batch < 60; batch++)
        {
            var (rows, labels) = Batch([0, 1]);
            before.Learn(rows, labels);
        }

        var writer = new SnapshotWriter();
        ((IRemembered)before).Write(writer);
        ((IRemembered)after).Read(new SnapshotReader(System.Buffers.BuffersExtensions.ToArray(writer.Bytes)));

        var (tests, _) = Batch([0, 1]);
        Assert.Equal(Shares(before.Predict(tests)), Shares(after.Predict(tests)), (expected, actual) => Math.Abs(expected - actual) < 1e-5);
    }

    // Accuracy over thirty batches after an inverted packet was let in.
    private double Harmed(CanoeSettings settings)
    {
        var (target, helper) = (New(settings), New(new CanoeSettings(), "helper"));
        for (var batch = 0; batch < 150; batch++)
        {
            Learn(target, [0, 1]);
            Learn(helper, [0, 1, 2]);
        }

        target.IsAsking = true;
        var request = Assert.Single(Learn(target, [0, 1, 2]).Requests);
        var packet = PacketReader.Read(helper.Help(request)!).Knowledge!; // It knows the class.
        var inverted = packet.Classes[0] with { Output = [.. packet.Classes[0].Output.Select(value => (sbyte)-value)], OutputBias = -packet.Classes[0].OutputBias };
        target.Deliver(PacketWriter.Write(packet with { Classes = [inverted] }), "helper");
        Learn(target, [0, 1, 2]);
        foreach (var stage in target.Ensemble.Stages)
        {
            (stage.Slope, stage.Offset) = (-1, 8); // What hardening and the line search had mended.
        }

        var right = 0.0;
        for (var batch = 0; batch < 30; batch++)
        {
            var (rows, labels) = Batch([0, 1, 2]);
            right += Accuracy(target.Predict(rows), labels);
            target.Learn(rows, labels);
            foreach (var stage in target.Ensemble.Stages)
            {
                (stage.Slope, stage.Offset) = (-1, 8);
            }
        }

        return right / 30;
    }

    private SiteStep Learn(Site site, int[] classes)
    {
        var (rows, labels) = Batch(classes);
        return site.Learn(rows, labels);
    }

    // What the twin says where it alone is believed.
    private static float[] Distrusted(Twin twin, float[] tests)
    {
        int[] labels = [.. Enumerable.Repeat(0, tests.Length / 2)];
        for (var batch = 0; batch < 400; batch++)
        {
            twin.Judge(tests, labels, Sure(labels, wrong: true));
        }

        var said = Sure(labels, wrong: true);
        twin.Join(tests, said);
        return said;
    }

    private static float[] Sure(int[] labels, bool wrong) => [.. labels.SelectMany(label => Enumerable.Range(0, 3).Select(other => other == (wrong ? (label + 1) % 3 : label) ? 20f : 0))];

    private static float[] Shares(float[] logits)
    {
        var shares = new float[logits.Length];
        for (var row = 0; row < logits.Length; row += 3)
        {
            Logits.Softmax(logits.AsSpan(row, 3), shares.AsSpan(row, 3));
        }

        return shares;
    }

    private static double Accuracy(float[] logits, int[] labels) =>
        labels.Index().Average(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits.AsSpan(3 * row.Index, 3)) == row.Item ? 1.0 : 0);

    private static Site New(CanoeSettings settings, string name = "target") => new(Setup(name), DenseNetwork.Drawn(1, s_widths), settings, TimeProvider.System) { IsAsking = false };

    private static SiteSetup Setup(string name = "target") => new() { Name = name, Classes = ["c0", "c1", "c2"], SampleShape = [2], Inputs = "corners", Seed = (ulong)name.Length };

    private (float[] Rows, int[] Labels) Batch(int[] classes)
    {
        int[] labels = [.. Enumerable.Range(0, 16).Select(i => classes[i % classes.Length])];
        return (Rows(labels), labels);
    }

    private float[] Rows(int[] labels) =>
        [.. labels.SelectMany(label => new[] { (label % 2 == 0 ? -1 : 1) + (0.3 * this.random.Normal()), (label < 2 ? -1 : 1) + (0.3 * this.random.Normal()) }.Select(value => (float)value))];
}
