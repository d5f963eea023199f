using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Collaborative;

/// <summary>A target that knows two corners of a square, and a helper that knows three.</summary>
public class SiteTests
{
    private readonly FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddYears(50));

    [Fact]
    public void A_site_asks_for_its_new_class_uses_what_comes_and_is_good_at_once()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));

        var request = Assert.Single(Batch(target, [0, 1, 2]).Requests);
        Assert.Equal(SiteSetup.LabelId("c2"), Assert.Single(request.Classes).LabelId);
        target.Deliver(helper.Help(request)!, "helper"); // It knows the class.
        var verdict = Assert.Single(Batch(target, [0, 1, 2]).Verdicts);

        Assert.True(verdict.IsAccepted);
        Assert.True(Recall(target, 2) > 0.9);
        Assert.True(Recall(target, 0) > 0.9);
    }

    [Fact]
    public void Alone_the_same_site_does_not_know_the_class_yet()
    {
        var target = Learned("target", [0, 1]);
        Batch(target, [0, 1, 2]);
        Batch(target, [0, 1, 2]);

        Assert.True(Recall(target, 2) < 0.5);
    }

    [Fact]
    public void An_inverted_packet_is_refused_and_the_next_helper_asked()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var request = Batch(target, [0, 1, 2]).Requests[0];
        var packet = PacketReader.Read(helper.Help(request)!).Knowledge!; // It knows the class.
        var inverted = packet.Classes[0] with { Output = [.. packet.Classes[0].Output.Select(value => (sbyte)-value)], OutputBias = -packet.Classes[0].OutputBias };

        target.Deliver(PacketWriter.Write(packet with { Classes = [inverted] }), "helper");
        var step = Batch(target, [0, 1, 2]);

        Assert.False(Assert.Single(step.Verdicts).IsAccepted);
        Assert.Equal(["helper"], Assert.Single(step.Requests).Excluded);
        Assert.Empty(target.Ensemble.Stages);
    }

    [Fact]
    public void A_site_that_waited_in_vain_makes_up_for_it()
    {
        var settings = new CanoeSettings { KeepsTwin = false }; // The twin waits for nobody, and would hide it.
        var (alone, waiting) = (Learned("alone", [0, 1], settings), Learned("waits", [0, 1], settings));
        Batch(alone, [0, 1, 2]);
        Batch(waiting, [0, 1, 2]);
        alone.Decline(SiteSetup.LabelId("c2"));
        for (var batch = 0; batch < 4; batch++)
        {
            Batch(alone, [0, 1, 2]);
            Batch(waiting, [0, 1, 2]);
        }

        waiting.Decline(SiteSetup.LabelId("c2"));
        List<double> losses = [];
        for (var batch = 0; batch < 8; batch++)
        {
            Batch(alone, [0, 1, 2]);
            Batch(waiting, [0, 1, 2]);
            losses.Add(Loss(alone, 2));
        }

        // Four batches were lost; it is three behind, and would be five at the rate it waited at.
        Assert.True(Loss(waiting, 2) < losses[^4], $"{Loss(waiting, 2)} beside {string.Join(", ", losses)}");
    }

    [Fact]
    public void A_packet_that_comes_twice_is_installed_once()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var packet = helper.Help(Batch(target, [0, 1, 2]).Requests[0])!; // It knows the class.

        target.Deliver(packet, "helper");
        target.Deliver(packet, "helper");
        Batch(target, [0, 1, 2]);
        target.Deliver(packet, "helper");
        Batch(target, [0, 1, 2]);

        Assert.Single(target.Ensemble.Stages);
    }

    [Fact]
    public void An_expired_packet_and_one_for_other_inputs_are_refused()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var packet = helper.Help(Batch(target, [0, 1, 2]).Requests[0])!; // It knows the class.
        var foreign = PacketReader.Read(packet).Knowledge! with { InputContract = 1 }; // It holds specialists.
        clock.Advance(TimeSpan.FromHours(25));

        target.Deliver(packet, "helper");
        target.Deliver(PacketWriter.Write(foreign), "other");

        Assert.Equal([Refusal.Expired, Refusal.OtherInput], Batch(target, [0, 1, 2]).Verdicts.Select(verdict => verdict.Refusal));
    }

    [Fact]
    public void Revoking_a_model_removes_what_was_cut_from_it()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var packet = helper.Help(Batch(target, [0, 1, 2]).Requests[0])!; // It knows the class.
        target.Deliver(packet, "helper");
        Batch(target, [0, 1, 2]);

        target.Revoke(PacketReader.Read(packet).Knowledge!.ModelHash); // It holds specialists.

        Assert.Equal(Refusal.Revoked, Assert.Single(Batch(target, [0, 1, 2]).Verdicts).Refusal);
        Assert.Empty(target.Ensemble.Stages);
    }

    [Fact]
    public void What_a_target_received_it_passes_on_under_its_first_name()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var request = Batch(target, [0, 1, 2]).Requests[0];
        var packet = helper.Help(request)!; // It knows the class.
        target.Deliver(packet, "helper");
        for (var batch = 0; batch < 8; batch++)
        {
            Batch(target, [0, 1, 2]);
        }

        var passed = PacketReader.Read(target.Help(request with { Target = "third" })!).Knowledge!; // It has had eight batches of the class.

        Assert.Equal(PacketReader.Read(packet).Knowledge!.ModelHash, passed.Classes[0].Origin);
    }

    [Fact]
    public void What_was_revoked_is_not_passed_on()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var request = Batch(target, [0, 1, 2]).Requests[0];
        var packet = helper.Help(request)!; // It knows the class.
        target.Deliver(packet, "helper");
        for (var batch = 0; batch < 8; batch++)
        {
            Batch(target, [0, 1, 2]);
        }

        Assert.NotEqual(0u, PacketReader.Read(target.Help(request with { Target = "third" })!).Knowledge!.Classes[0].Origin); // Eight batches of the class.
        target.Revoke(PacketReader.Read(packet).Knowledge!.ModelHash); // It holds specialists.

        Assert.Equal(0u, PacketReader.Read(target.Help(request with { Target = "third" })!).Knowledge!.Classes[0].Origin); // What it has learned itself.
    }

    [Fact]
    public void A_packet_from_the_future_or_for_ever_lasts_a_week_at_most()
    {
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        var packet = PacketReader.Read(helper.Help(Batch(target, [0, 1, 2]).Requests[0])!).Knowledge!; // It knows the class.
        var future = packet with { CreatedMilliseconds = packet.CreatedMilliseconds * 3 };

        target.Deliver(PacketWriter.Write(future), "helper");
        target.Deliver(PacketWriter.Write(packet with { LifetimeSeconds = int.MaxValue }), "other");
        clock.Advance(TimeSpan.FromDays(8));

        Assert.Equal([Refusal.Expired, Refusal.Expired], Batch(target, [0, 1, 2]).Verdicts.Select(verdict => verdict.Refusal));
    }

    [Fact]
    public void A_class_that_looks_different_is_refreshed_with_fewer_bytes_and_a_broken_chain_is_said()
    {
        // The target learns slowly, so that it is still wrong when it notices.
        var settings = new CanoeSettings { AsksToRefresh = true, Extraction = new() { RefreshedValues = 12 } };
        var (target, helper) = (Learned("target", [0, 1], settings with { LearningRate = 0.002f, SpecialistRate = 0.002f }), Learned("helper", [0, 1, 2], settings));
        var whole = helper.Help(Batch(target, [0, 1, 2]).Requests[0])!; // It knows the class.
        target.Deliver(whole, "helper");
        for (var batch = 0; batch < 60; batch++)
        {
            Batch(target, [0, 1, 2]);
            Batch(helper, [0, 1, 2]);
        }

        // The class moves to the other side of both others, first at the helper.
        height = -3;
        for (var batch = 0; batch < 60; batch++)
        {
            Batch(helper, [0, 1, 2]);
        }

        var request = Asked(target, request => request.Classes.Any(demand => demand.Held != 0));
        var refresh = helper.Help(request)!; // It has what it sent.
        Assert.NotNull(PacketReader.Read(refresh).Refresh);
        Assert.InRange(refresh.Length, 1, whole.Length / 2);

        target.Deliver(refresh, "helper");
        target.Deliver(refresh, "helper");
        var verdicts = Batch(target, [0, 1, 2]).Verdicts;

        Assert.Equal([null, Refusal.BrokenChain], verdicts.Select(verdict => verdict.Refusal));
        Assert.Single(target.Ensemble.Stages);
        Assert.NotNull(PacketReader.Read(helper.Help(request)!).Knowledge); // What the request holds is no longer what was sent: the whole again.
    }

    [Fact]
    public void Without_labels_a_site_notices_asks_and_keeps_what_comes_in_the_shadow_until_labels_arrive()
    {
        // Near enough to class 0 to be taken for it.
        height = 0;
        var (target, helper) = (Learned("target", [0, 1]), Learned("helper", [0, 1, 2]));
        Assert.Empty(Observed(target, [0, 1], batches: 30));

        var request = Assert.Single(Observed(target, [2], batches: 12));
        Assert.Equal(SiteSetup.LabelId("c2"), Assert.Single(request.Classes).LabelId);
        target.Deliver(helper.Help(request)!, "helper"); // It knows the class.
        Assert.Empty(Observed(target, [0, 2], batches: 12));
        Assert.Empty(target.Ensemble.Stages);
        Assert.True(Recall(target, 2) < 0.5);

        Assert.True(Assert.Single(Batch(target, [0, 1, 2]).Verdicts).IsAccepted);
        Assert.True(Recall(target, 2) > 0.8);
    }

    [Fact]
    public void Bytes_that_are_no_packet_are_refused_at_the_door() =>
        Assert.Throws<PayloadException>(() => Learned("target", [0, 1]).Deliver([1, 2, 3], "helper"));

    [Fact]
    public void A_network_that_does_not_fit_the_site_is_refused() =>
        Assert.Throws<ModelMismatchException>(() => new Site(Setup("target"), DenseNetwork.Drawn(1, [3, 8, 3]), new CanoeSettings(), clock));

    private readonly PortableRandom random = new(9);

    private int height = 1;

    private IReadOnlyList<KnowledgeRequest> Observed(Site site, int[] classes, int batches) =>
        [.. Enumerable.Range(0, batches).SelectMany(_ => site.Observe(Rows([.. Enumerable.Range(0, 16).Select(i => classes[i % classes.Length])], this.random, height)).Requests)];

    private KnowledgeRequest Asked(Site site, Func<KnowledgeRequest, bool> isIt)
    {
        for (var batch = 0; batch < 20; batch++)
        {
            if (Batch(site, [0, 1, 2]).Requests.FirstOrDefault(isIt) is { } request)
            {
                return request;
            }
        }

        throw new InvalidOperationException("it did not ask within 20 batches");
    }

    private Site Learned(string name, int[] classes, CanoeSettings? settings = null)
    {
        var site = new Site(Setup(name), DenseNetwork.Drawn(1, [2, 24, 12, 3]), settings ?? new CanoeSettings(), clock) { IsAsking = false };
        for (var batch = 0; batch < 150; batch++)
        {
            Batch(site, classes);
        }

        site.IsAsking = true;
        return site;
    }

    private static SiteSetup Setup(string name) => new() { Name = name, Classes = ["c0", "c1", "c2"], SampleShape = [2], Inputs = "corners", Seed = (ulong)name.Length };

    private SiteStep Batch(Site site, int[] classes)
    {
        int[] labels = [.. Enumerable.Range(0, 16).Select(i => classes[i % classes.Length])];
        return site.Learn(Rows(labels, this.random, height), labels);
    }

    private double Recall(Site site, int label)
    {
        int[] labels = [.. Enumerable.Repeat(label, 50)];
        var logits = site.Predict(Rows(labels, new PortableRandom(77), height));
        return Enumerable.Range(0, 50).Average(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits.AsSpan(3 * row, 3)) == label ? 1.0 : 0);
    }

    private double Loss(Site site, int label)
    {
        var logits = site.Predict(Rows([.. Enumerable.Repeat(label, 50)], new PortableRandom(77), height));
        return Enumerable.Range(0, 50).Average(row => Logits.LogSumExp(logits.AsSpan(3 * row, 3)) - logits[(3 * row) + label]);
    }

    private static float[] Rows(int[] labels, PortableRandom random, int height = 1) =>
        [.. labels.SelectMany(label => new[] { (label % 2 == 0 ? -1 : 1) + (0.3 * random.Normal()), (label < 2 ? -1 : height) + (0.3 * random.Normal()) }.Select(value => (float)value))];
}
