using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Regression;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Regression;

/// <summary>The load of a machine from two sensors: below 1 it grows with the first, above it jumps with the second, which the target has never seen.</summary>
public class RegionSiteTests
{
    private static readonly ValueRegions s_regions = new("load", [1]);
    private readonly PortableRandom random = new(5);

    [Fact]
    public void Regions_begin_at_their_edges_and_are_named_alike_everywhere()
    {
        Assert.Equal([0, 1, 1], s_regions.Of([0.99f, 1, 7]));
        Assert.Equal(s_regions.Names, new ValueRegions("load", [1]).Names);
        Assert.NotEqual(s_regions.Names, new ValueRegions("load", [2]).Names);
    }

    [Fact]
    public void A_region_new_to_a_site_is_predicted_at_once_with_a_helpers_packet()
    {
        var (target, alone, helper) = (Learned("target", isWhole: false), Learned("target", isWhole: false), Learned("helper", isWhole: true));

        var state = random.State;
        var request = Assert.Single(Batch(target, isWhole: true).Requests);
        Assert.Equal(SiteSetup.LabelId(s_regions.Names[1]), Assert.Single(request.Classes).LabelId);
        var packet = helper.Help(request)!; // It knows the region.
        target.Deliver(packet, "helper");
        var verdict = Assert.Single(Batch(target, isWhole: true).Verdicts);
        random.State = state;
        alone.IsAsking = false;
        Batch(alone, isWhole: true);
        Batch(alone, isWhole: true);

        Assert.True(verdict.IsAccepted);
        Assert.InRange(packet.Length, 1, 300);
        Assert.True(Error(target) < 0.5 * Error(alone), $"error {Error(target):0.00} with help, {Error(alone):0.00} alone");
    }

    [Fact]
    public void A_site_that_came_back_decides_and_learns_to_the_last_bit_as_if_it_had_never_been_away()
    {
        var (one, helper) = (Learned("target", isWhole: false), Learned("helper", isWhole: true));
        one.Revoke(7);
        one.Deliver(helper.Help(Batch(one, isWhole: true).Requests[0])!, "helper"); // It knows the region.
        var waiting = Copy(one);
        Batch(one, isWhole: true);
        var working = Copy(one);

        var state = random.State;
        var later = Later(one);
        random.State = state;
        Assert.Equal(later, Later(working));
        Assert.Equal(one.Ensemble.Stages.Select(stage => (stage.Gain, stage.Origin)), working.Ensemble.Stages.Select(stage => (stage.Gain, stage.Origin)));
        Assert.True(Assert.Single(Batch(waiting, isWhole: true).Verdicts).IsAccepted);
        Assert.Equal([7UL], waiting.Revoked);
    }

    [Fact]
    public void What_was_cut_from_a_revoked_model_is_dropped_and_not_taken_again()
    {
        var (target, helper) = (Learned("target", isWhole: false), Learned("helper", isWhole: true));
        var packet = helper.Help(Batch(target, isWhole: true).Requests[0])!; // It knows the region.
        target.Deliver(packet, "helper");
        Batch(target, isWhole: true);
        var model = Assert.Single(target.Ensemble.Stages).Origin.ModelHash;

        Assert.True(target.Descends(model, "helper"));
        Assert.False(target.Descends(model, "another"));
        target.Revoke(model);
        Assert.Empty(target.Ensemble.Stages);
        target.Deliver(packet, "helper");
        Assert.Equal(Refusal.Revoked, Assert.Single(Batch(target, isWhole: true).Verdicts).Refusal);
    }

    [Fact]
    public void A_regions_score_tells_its_rows_from_others()
    {
        var (target, helper) = (Learned("target", isWhole: false), Learned("helper", isWhole: true));
        target.Deliver(helper.Help(Batch(target, isWhole: true).Requests[0])!, "helper"); // It knows the region.
        Batch(target, isWhole: true);

        var inside = target.RegionScores(new float[] { 0.5f, 1 }, 1)[0];
        var outside = target.RegionScores(new float[] { 0.5f, -1 }, 1)[0];

        Assert.True(inside > 0.7 && outside < 0.3, $"{inside} inside, {outside} outside");
    }

    [Fact]
    public void An_inverted_region_is_refused_and_the_next_helper_asked()
    {
        var (target, helper) = (Learned("target", isWhole: false), Learned("helper", isWhole: true));
        var packet = PacketReader.Read(helper.Help(Batch(target, isWhole: true).Requests[0])!).Knowledge!; // It knows the region.
        var knowledge = packet.Classes[0];
        var inverted = knowledge with { Output = [.. knowledge.Output.Select(value => (sbyte)-value)], OutputBias = -knowledge.OutputBias };

        target.Deliver(PacketWriter.Write(packet with { Classes = [inverted] }), "helper");
        var step = Batch(target, isWhole: true);

        Assert.Equal(Refusal.FiresOnOthers, Assert.Single(step.Verdicts).Refusal);
        Assert.Equal(["helper"], Assert.Single(step.Requests).Excluded);
        Assert.Empty(target.Ensemble.Stages);
    }

    [Fact]
    public void Knowledge_of_classes_and_networks_of_classes_are_refused()
    {
        var site = Learned("target", isWhole: false);
        var knowledge = ClassKnowledge.Of(1, DenseNetwork.Drawn(1, [2, 3, 1]), [new UnitChoice(8, [1, 2, 5])]);
        var packet = new KnowledgePacket { ModelHash = 1, Lineage = 2, InputContract = 3, Inputs = 2, CreatedMilliseconds = 0, Classes = [knowledge] };

        Assert.Throws<PayloadException>(() => site.Deliver(PacketWriter.Write(packet), "helper"));
        Assert.Throws<ModelMismatchException>(() => new RegionSite(Setup("target"), s_regions, DenseNetwork.Drawn(1, [2, 8, 2]), new CanoeSettings(), TimeProvider.System));
    }

    [Fact]
    public void Joint_training_follows_the_gradient_of_the_squared_error()
    {
        var ensemble = new RegionEnsemble(new DenseNetwork(2, 4, 1) { Momentum = 0 });
        ensemble.Model.Load(DenseNetwork.Drawn(3, [2, 4, 1], outputScale: 1).Parameters);
        var stage = new RegionStage(1, new DenseNetwork(2, 3, 2) { Momentum = 0 }, new PacketOrigin("", 0, 0, DateTimeOffset.MaxValue));
        stage.Network.Load(DenseNetwork.Drawn(4, [2, 3, 2], outputScale: 1).Parameters);
        ensemble.Add(stage);
        float[] rows = [0.3f, -0.8f, 0.9f, 0.4f];
        float[] values = [0.2f, 3];
        var before = ensemble.Model.Parameters.ToArray();
        var expected = Enumerable.Range(0, before.Length).Select(place => Slope(place)).ToArray();

        ensemble.Learn(rows, values, s_regions);

        Assert.All(expected.Zip(before.Zip(ensemble.Model.Parameters.ToArray(), (old, now) => (old - now) / ensemble.Model.LearningRate)), pair => Assert.Equal(pair.First, pair.Second, 5e-3)); // Float sums over a step of 1e-3.

        double Slope(int place)
        {
            var (up, down) = ((float[])before.Clone(), (float[])before.Clone());
            up[place] += 1e-3f;
            down[place] -= 1e-3f;
            var slope = (Loss(up) - Loss(down)) / 2e-3;
            ensemble.Model.Load(before);
            return slope;
        }

        double Loss(float[] parameters)
        {
            ensemble.Model.Load(parameters);
            return ensemble.Predict(rows).Zip(values, (predicted, value) => Math.Pow(predicted - value, 2) / 2).Average();
        }
    }

    private RegionSite Learned(string name, bool isWhole)
    {
        var site = new RegionSite(Setup(name), s_regions, DenseNetwork.Drawn(1, [2, 24, 12, 1]), new CanoeSettings(), TimeProvider.System) { IsAsking = false };
        for (var batch = 0; batch < 120; batch++)
        {
            Batch(site, isWhole);
        }

        site.IsAsking = true;
        return site;
    }

    private static RegionSite Copy(RegionSite site)
    {
        var writer = new SnapshotWriter();
        ((IRemembered)site).Write(writer);
        var copy = new RegionSite(Setup(site.Name), s_regions, DenseNetwork.Drawn(1, [2, 24, 12, 1]), new CanoeSettings(), TimeProvider.System) { IsAsking = site.IsAsking };
        ((IRemembered)copy).Read(new SnapshotReader(System.Buffers.BuffersExtensions.ToArray(writer.Bytes)));
        return copy;
    }

    // What is predicted after thirty further batches, and how the site would be recorded.
    private float[] Later(RegionSite site)
    {
        for (var batch = 0; batch < 30; batch++)
        {
            Batch(site, isWhole: true);
        }

        return [.. site.Predict(new float[] { 0.5f, 1, 0.2f, -1 }), .. site.Record().Classes.Select(known => (float)known.Recall)];
    }

    private static SiteSetup Setup(string name) => new() { Name = name, Classes = s_regions.Names, SampleShape = [2], Inputs = "sensors", Seed = (ulong)name.Length };

    private SiteStep Batch(RegionSite site, bool isWhole)
    {
        var rows = Enumerable.Range(0, 16).Select(i => Row(isWhole && i % 2 == 1)).ToArray();
        return site.Learn(rows.SelectMany(row => row.Features).ToArray(), [.. rows.Select(row => row.Load)]);
    }

    private double Error(RegionSite site)
    {
        var rows = Enumerable.Range(0, 100).Select(_ => Row(isHigh: true)).ToArray();
        return site.Predict(rows.SelectMany(row => row.Features).ToArray()).Zip(rows, (value, row) => Math.Abs((double)value - row.Load)).Average();
    }

    private (float[] Features, float Load) Row(bool isHigh) => MachineLoad.Row(isHigh, random);
}
