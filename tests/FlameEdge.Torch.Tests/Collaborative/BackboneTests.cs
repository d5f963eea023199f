using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Models;

namespace FlameEdge.Torch.Tests.Collaborative;

/// <summary>Sites that hold the same frozen backbone exchange what stands on it, and nothing of it.</summary>
public class BackboneTests
{
    private const int Width = 32;

    [Fact]
    public void The_same_parameters_have_the_same_hash_on_every_engine_and_others_another()
    {
        using var torch = SiteModels.Backbone("torch", seed: 1, Width);
        using var onnx = SiteModels.Backbone("onnx", seed: 1, Width);
        using var other = SiteModels.Backbone("onnx", seed: 2, Width);
        var rows = SiteModels.Row(1, new PortableRandom(1));

        Assert.Equal(torch.ContentHash, onnx.ContentHash);
        Assert.NotEqual(onnx.ContentHash, other.ContentHash);
        Assert.Equal(Width, onnx.Apply(rows).Length);
        Assert.Equal(torch.Apply(rows).ToArray(), onnx.Apply(rows).ToArray(), (one, two) => Math.Abs(one - two) < 1e-5);
    }

    [Fact]
    public void What_stands_on_the_same_backbone_is_used_and_on_another_refused()
    {
        using var torch = SiteModels.Backbone("torch", seed: 1, Width);
        using var onnx = SiteModels.Backbone("onnx", seed: 1, Width);
        using var other = SiteModels.Backbone("onnx", seed: 2, Width);
        var random = new PortableRandom(2);
        var (helper, target, stranger, plain) = (Site("north", torch, 1), Site("south", onnx, 2), Site("east", other, 3), SiteModels.Site("west", SiteModels.Mlp("plain", 4, 10, 6), 4));
        foreach (var site in new[] { target, stranger, plain })
        {
            site.IsAsking = false;
        }

        for (var batch = 0; batch < 100; batch++)
        {
            Learn(helper, random, SiteModels.Classes);
            Learn(target, random, SiteModels.Classes - 1);
            Learn(stranger, random, SiteModels.Classes - 1);
            Learn(plain, random, SiteModels.Classes - 1);
        }

        target.IsAsking = true;
        var request = Assert.Single(Learn(target, random, SiteModels.Classes).Requests);
        var packet = helper.Help(request)!; // It knows the class.
        var read = PacketReader.Read(packet).Knowledge!; // It holds specialists.
        Assert.Equal(Width, read.Inputs);
        Assert.NotEqual(0, read.Cut);
        Assert.InRange(packet.Length, 1, 4 * SiteModels.Features * Width / 2); // Half of the backbone's own bytes.

        Assert.Contains(Take(target, packet, random), verdict => verdict.IsAccepted);
        Assert.Equal(Refusal.OtherBackbone, Assert.Single(Take(stranger, packet, random)).Refusal);
        Assert.Equal(Refusal.OtherBackbone, Assert.Single(Take(plain, packet, random)).Refusal);
        Assert.NotEqual(target.Record().InputContract, stranger.Record().InputContract); // So the directory does not even bring them together.
    }

    private static IReadOnlyList<Verdict> Take(Site site, byte[] packet, PortableRandom random)
    {
        site.Deliver(packet, "north");
        return Learn(site, random, SiteModels.Classes).Verdicts;
    }

    private static SiteStep Learn(Site site, PortableRandom random, int classes)
    {
        var (samples, labels) = SiteModels.Batch(random, classes);
        return site.Learn(samples, labels);
    }

    private static Site Site(string name, TrainerBackbone backbone, ulong seed) =>
        new(SiteModels.Setup(name, seed) with { Backbone = backbone }, DenseNetwork.Drawn(seed, [Width, 16, 8, SiteModels.Classes]), new CanoeSettings(), TimeProvider.System);
}
