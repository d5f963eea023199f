using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Collaborative.Roles;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated;
using FlameEdge.Tests.Topology;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Collaborative.Roles;

/// <summary>Three sites of which the first meets a class that the others know.</summary>
public class SiteRoleTests
{
    private const string Datasets = """ "rows-0", "rows-1", "rows-2" """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_site_whose_world_changes_is_helped_with_a_directory_and_without(bool hasDirectory)
    {
        var seen = await RunAsync(Job(hasDirectory));

        var target = Events(seen, "site_0");
        Assert.Equal(["c2"], target.First(happened => happened.Event == "request").Classes!);
        var ranking = Events(seen, hasDirectory ? "directory_0" : "site_0").First(happened => happened.Event == "ranking" && happened.Helpers!.Count > 0);
        Assert.All(ranking.Helpers!, helper => Assert.Contains(helper.Site, new[] { "site_1", "site_2" }));
        var verdict = target.First(happened => happened.Event == "verdict");
        Assert.True(verdict.Accepted, verdict.Reason);
        Assert.Equal(ranking.Helpers![0].Site, verdict.Peer);
        Assert.Contains(Events(seen, verdict.Peer!), happened => happened.Event == "sent" && happened.Content == verdict.Content);
        Assert.Equal(3, seen.Events.Count(entry => CanoeEvent.Read(entry.Event.Json.Span)!.Event == "done"));
    }

    [Fact]
    public async Task A_helper_that_is_denied_is_not_asked()
    {
        var seen = await RunAsync(Job(hasDirectory: true, """ "denied": ["site_1"], """));

        Assert.Equal("site_2", Events(seen, "site_0").First(happened => happened.Event == "verdict").Peer);
    }

    [Fact]
    public async Task A_site_that_starts_again_goes_on_with_its_specialists()
    {
        var state = new MemoryStateStore();
        await RunAsync(Job(hasDirectory: true), state);
        var job = Job(hasDirectory: true, """ "batches": 90, """);

        var seen = await RunAsync(job, state);

        var restored = Events(seen, "site_0").First(happened => happened.Event == "restored");
        Assert.Equal(60, restored.Batch);
        Assert.Equal(["c2"], restored.Classes!);
        Assert.DoesNotContain(Events(seen, "site_0"), happened => happened.Event == "request");
    }

    [Fact]
    public async Task Who_was_not_asked_cannot_answer_and_what_is_no_message_is_told_once()
    {
        var plan = Expansion.Expand(Job(hasDirectory: true));
        var hub = new MemoryHub();
        await using var backend = new MemoryChannelBackend(hub);
        var stranger = plan.Find(new WorkerId("site_2"))!;
        await using var channel = await backend.OpenAsync(
            new ChannelEndpoint
            {
                Job = plan.Job.Name, Channel = new("packet"), Group = GroupName.Default, Self = stranger.Id, Agent = stranger.RunsOn, Role = stranger.Role, OtherRole = stranger.Role, Incarnation = 9,
                Placement = plan.Workers.Where(worker => worker.Role == stranger.Role && worker.Id != stranger.Id).ToDictionary(worker => worker.Id, worker => worker.RunsOn),
            },
            TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var observer = new RecordingObserver();
        var run = new InMemoryJob(plan) { Hub = hub, Load = Load, Observer = observer, Workers = [new("site_0"), new("site_1"), new("directory_0")] }.RunAsync(patience.Token);
        await channel.JoinAsync(new PeerCard(0), TestContext.Current.CancellationToken);
        var target = new WorkerId("site_0");
        while (channel.Peers.All(peer => peer.Worker != target))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        for (var number = 0; number < 9; number++)
        {
            await channel.SendAsync(target, new Message { Kind = MessageKind.Packet, Head = BitConverter.GetBytes((1 << 16) + number), Body = new([1, 2, 3]) }, TestContext.Current.CancellationToken);
            await channel.SendAsync(target, new Message { Kind = MessageKind.Pull, Head = new byte[7] }, TestContext.Current.CancellationToken);
        }

        await channel.SendAsync(target, new Message { Kind = MessageKind.Revoke, Head = BitConverter.GetBytes(1L) }, TestContext.Current.CancellationToken);
        while (observer.Events.All(entry => CanoeEvent.Read(entry.Event.Json.Span) is not { Site: "site_0", Event: "verdict" }))
        {
            Assert.False(run.IsCompleted, "the job ended without a verdict");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        var told = Events(observer, "site_0");
        Assert.Equal([1L, 10L], told.Where(happened => happened.Event == "refused").Select(happened => happened.Count!.Value));
        Assert.DoesNotContain(told, happened => happened.Event == "revoked" || happened.Peer == "site_2" && happened.Event == "received");
        Assert.Equal("site_1", told.First(happened => happened.Event == "verdict").Peer);
    }

    private static JobSpec Job(bool hasDirectory, string more = "") => JobTexts.Sound(CanoeJobs.OfCorners("corners", "memory", Datasets, more + """ "batchesPerSecond": 40, """, hasDirectory));

    private static Task<RecordingObserver> RunAsync(JobSpec job, MemoryStateStore? state = null) =>
        new InMemoryJob(Expansion.Expand(job)) { Load = Load, State = state ?? new() }.RunAsync(TestContext.Current.CancellationToken);

    // The first does not know the third class before its world changes.
    private static FlameEdge.Models.Dataset Load(DatasetSpec spec) => Corners.Stream(spec.Id.Value, spec.Id.Value == "rows-0" ? [0, 1] : [0, 1, 2], after: 60);

    private static CanoeEvent[] Events(RecordingObserver seen, string worker) =>
        [.. seen.Events.Where(entry => entry.Worker.Value == worker).Select(entry => CanoeEvent.Read(entry.Event.Json.Span)!)];
}
