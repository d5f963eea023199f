using System.Globalization;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>A real target between a scripted giver and a scripted third site.</summary>
public class RevocationTests
{
    [Fact]
    public async Task What_its_giver_takes_back_a_site_drops_and_takes_back_in_turn_and_nobody_else_can()
    {
        var hub = new MemoryHub();
        await using var backend = new MemoryChannelBackend(hub);
        await using var sites = new RunningSites(RunningSites.Endless, hub: hub, workers: ["site_0", "directory_0"]);
        await using var giver = new ScriptedSite(sites.Plan, backend, new("site_1"));
        await using var third = new ScriptedSite(sites.Plan, backend, new("site_2"));
        var helper = Helper();
        var (packets, metadata, others) = (await giver.JoinAsync("packet", "site"), await giver.JoinAsync("metadata", "directory"), await third.JoinAsync("packet", "site"));

        await ScriptedSite.SendAsync(metadata, "directory_0", MessageKind.Record, RecordMessage.Write(helper.Record()));
        var pull = RequestMessage.Read(await ScriptedSite.NextAsync(packets, MessageKind.Pull), "site_0");
        var packet = helper.Help(pull)!; // It knows the class.
        var source = PacketReader.Read(packet).Knowledge!.ModelHash; // It holds specialists.
        await ScriptedSite.SendAsync(packets, "site_0", MessageKind.Packet, BitConverter.GetBytes(pull.Number), packet);
        await sites.UntilAsync("site_0", happened => happened is { Event: "verdict", Accepted: true });

        await ScriptedSite.SendAsync(others, "site_0", MessageKind.Revoke, BitConverter.GetBytes(source));
        await ScriptedSite.SendAsync(packets, "site_0", MessageKind.Revoke, BitConverter.GetBytes(source + 1));
        await ScriptedSite.SendAsync(packets, "site_0", MessageKind.Revoke, BitConverter.GetBytes(source));
        await sites.UntilAsync("site_0", happened => happened is { Event: "verdict", Reason: "Revoked" });

        Assert.Equal(source, BitConverter.ToUInt64(await ScriptedSite.NextAsync(others, MessageKind.Revoke)));
        var revoked = Assert.Single(sites.Told("site_0"), happened => happened.Event == "revoked");
        Assert.Equal(("site_1", source.ToString("x16", CultureInfo.InvariantCulture)), (revoked.Peer!, revoked.Source!));
    }

    private static Site Helper()
    {
        var setup = new SiteSetup { Name = "site_1", Classes = ["c0", "c1", "c2"], SampleShape = [2], Inputs = "corners", Seed = 5 };
        var site = new Site(setup, DenseNetwork.Drawn(1, [2, 24, 12, 3]), new CanoeSettings(), TimeProvider.System) { IsAsking = false };
        var rows = Corners.Stream("rows-1", [0, 1, 2], after: 0);
        for (var batch = 0; batch < Corners.WarmUp; batch++)
        {
            site.Learn(rows.Features.Slice(32 * batch, 32), rows.Labels.Span.Slice(16 * batch, 16));
        }

        return site;
    }
}
