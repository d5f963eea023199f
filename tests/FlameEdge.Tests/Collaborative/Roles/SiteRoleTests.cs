using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

public class SiteRoleTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_site_whose_world_changes_is_helped_with_a_directory_and_without(bool hasDirectory)
    {
        await using var sites = new RunningSites(RunningSites.Endless, hasDirectory);

        var verdict = await sites.UntilAsync("site_0", happened => happened.Event == "verdict");

        Assert.True(verdict.Accepted, verdict.Reason);
        Assert.Equal(["c2"], sites.Told("site_0").First(happened => happened.Event == "request").Classes!);
        var ranking = sites.Told(hasDirectory ? "directory_0" : "site_0").Last(happened => happened is { Event: "ranking", Helpers.Count: > 0 });
        Assert.All(ranking.Helpers!, helper => Assert.Contains(helper.Site, new[] { "site_1", "site_2" }));
        Assert.Contains(sites.Told(verdict.Peer!), happened => happened.Event == "sent" && happened.Content == verdict.Content);
    }

    [Fact]
    public async Task A_helper_that_is_denied_is_not_asked()
    {
        await using var sites = new RunningSites(RunningSites.Endless + """ "denied": ["site_1"], """);

        Assert.Equal("site_2", (await sites.UntilAsync("site_0", happened => happened.Event == "verdict")).Peer);
    }

    [Fact]
    public async Task A_job_is_over_when_all_streams_are()
    {
        await using var sites = new RunningSites(""" "batches": 5, """);

        await sites.EndAsync();

        Assert.All(new[] { "site_0", "site_1", "site_2" }, site => Assert.Equal(5, Assert.Single(sites.Told(site), happened => happened.Event == "done").Batch));
    }

    [Fact]
    public async Task A_site_that_starts_again_goes_on_with_its_specialists()
    {
        var state = new MemoryStateStore();
        long learned;
        await using (var first = new RunningSites(RunningSites.Endless, state: state))
        {
            learned = (await first.UntilAsync("site_0", happened => happened is { Event: "verdict", Accepted: true })).Batch;
        }

        await using var again = new RunningSites(RunningSites.Endless, state: state);
        var restored = await again.UntilAsync("site_0", happened => happened.Event == "restored");

        Assert.Equal(["c2"], restored.Classes!);
        Assert.True(restored.Batch > learned, $"it came back at batch {restored.Batch}, before batch {learned} in which it had accepted");
    }

    [Fact]
    public async Task Who_was_not_asked_cannot_answer_and_what_is_no_message_is_told_once()
    {
        var hub = new MemoryHub();
        await using var backend = new MemoryChannelBackend(hub);
        await using var sites = new RunningSites(RunningSites.Endless, hub: hub, workers: ["site_0", "site_1", "directory_0"]);
        await using var stranger = new ScriptedSite(sites.Plan, backend, new("site_2"));
        var channel = await stranger.JoinAsync("packet", "site");
        for (var number = 0; number < 9; number++)
        {
            await ScriptedSite.SendAsync(channel, "site_0", MessageKind.Packet, BitConverter.GetBytes((1 << 16) + number), [1, 2, 3]);
            await ScriptedSite.SendAsync(channel, "site_0", MessageKind.Pull, new byte[7]);
        }

        Assert.Equal("site_1", (await sites.UntilAsync("site_0", happened => happened.Event == "verdict")).Peer);
        await sites.UntilAsync("site_0", happened => happened is { Event: "refused", Count: 10 });
        Assert.Equal([1L, 10L], sites.Told("site_0").Where(happened => happened.Event == "refused").Select(happened => happened.Count!.Value));
        Assert.DoesNotContain(sites.Told("site_0"), happened => happened is { Event: "received", Peer: "site_2" });
    }
}
