using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Diagnostics;
using FlameEdge.Testing;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Collaborative;

public class SnapshotTests
{
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly FlameEdge.Models.Dataset rows = Corners.Stream("target", [0, 1], after: 120);

    [Fact]
    public void A_site_that_came_back_decides_and_learns_to_the_last_bit_as_if_it_had_never_been_away()
    {
        var (one, helper) = (New("target"), New("helper"));
        Learn(one, 0, Corners.WarmUp);
        Learn(helper, Corners.WarmUp, 120);
        one.IsAsking = helper.IsAsking = true;
        var request = Assert.Single(Step(one, Corners.WarmUp).Requests);
        one.Deliver(helper.Help(request)!, "helper"); // It knows the class.
        Learn(one, Corners.WarmUp + 1, 3);
        Assert.Single(one.Ensemble.Stages);

        var two = Copy(one);
        for (var batch = Corners.WarmUp + 4; batch < Corners.WarmUp + 100; batch++)
        {
            var (first, second) = (Step(one, batch), Step(two, batch));
            Assert.Equal(first.Verdicts, second.Verdicts);
            Assert.Equal(first.Alarm, second.Alarm);
        }

        Assert.Equal(one.Predict(rows.Features), two.Predict(rows.Features));
        Assert.Equal(one.Ensemble.Stages.Select(stage => (stage.Gain, stage.Slope, stage.Fade)), two.Ensemble.Stages.Select(stage => (stage.Gain, stage.Slope, stage.Fade)));
        Assert.Equal(one.Record().Classes, two.Record().Classes);
    }

    [Fact]
    public void What_waits_in_the_shadow_is_revoked_or_is_pending_comes_back_too()
    {
        var (one, helper) = (New("target"), New("helper"));
        Learn(one, 0, Corners.WarmUp);
        Learn(helper, Corners.WarmUp, 120);
        one.IsAsking = true;
        var request = Assert.Single(Step(one, Corners.WarmUp).Requests);
        one.Revoke(7);

        var asking = Copy(one);
        asking.IsAsking = true;
        Assert.Equal(request.Classes[0].LabelId, Assert.Single(Assert.Single(Step(asking, Corners.WarmUp + 1).Requests).Classes).LabelId);
        one.Deliver(helper.Help(request)!, "helper"); // It knows the class.
        var two = Copy(one);

        Assert.Equal([7UL], two.Revoked);
        Assert.True(Assert.Single(Step(two, Corners.WarmUp + 1).Verdicts).IsAccepted);
    }

    [Fact]
    public void A_snapshot_that_is_cut_or_of_another_site_is_refused()
    {
        var one = New("target");
        Learn(one, 0, 20);
        var bytes = Bytes(one);

        for (var length = 0; length < bytes.Length; length += 97)
        {
            Assert.Throws<StateException>(() => ((IRemembered)New("target")).Read(new SnapshotReader(bytes.AsMemory(0, length))));
        }

        var other = new Site(Setup("target") with { Inputs = "others" }, DenseNetwork.Drawn(1, [2, 24, 12, 3]), new CanoeSettings(), clock);
        Assert.Throws<StateException>(() => ((IRemembered)other).Read(new SnapshotReader(bytes)));
    }

    private static byte[] Bytes(Site site)
    {
        var writer = new SnapshotWriter();
        ((IRemembered)site).Write(writer);
        return System.Buffers.BuffersExtensions.ToArray(writer.Bytes);
    }

    private Site Copy(Site site)
    {
        var copy = New(site.Name);
        ((IRemembered)copy).Read(new SnapshotReader(Bytes(site)));
        copy.IsAsking = site.IsAsking;
        return copy;
    }

    private Site New(string name) => new(Setup(name), DenseNetwork.Drawn(1, [2, 24, 12, 3]), new CanoeSettings(), clock) { IsAsking = false };

    private static SiteSetup Setup(string name) => new() { Name = name, Classes = ["c0", "c1", "c2"], SampleShape = [2], Inputs = "corners", Seed = (ulong)name.Length };

    private void Learn(Site site, int first, int count)
    {
        for (var batch = first; batch < first + count; batch++)
        {
            Step(site, batch);
        }
    }

    private SiteStep Step(Site site, int batch) => site.Learn(rows.Features.Slice(32 * batch, 32), rows.Labels.Span.Slice(16 * batch, 16));
}
