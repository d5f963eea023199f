using System.Text;
using FlameEdge.Channels;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>The controller with its channels, its store and its clock.</summary>
public class ControllerTests
{
    private static readonly byte[] Model = Encoding.ASCII.GetBytes("a model's bytes");

    [Fact]
    public async Task A_jobs_files_are_fetched_from_the_operator_kept_and_handed_to_agents()
    {
        await using var bench = await StartedAsync();
        await bench.MeetAsync("op", contents: Model);
        await bench.WishAsync(WithFile(ContentExchange.HashOf(Model)));
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not deployed");

        var agent = await bench.MeetAsync("a");
        var document = FleetJson.Read(await FetchAsync(agent, bench.TaskOf("a")!.Jobs[0].Document), FleetJson.Default.JobDocument)!;
        Assert.Equal(Model, await FetchAsync(agent, document.Files["files/model.onnx"]));
    }

    [Fact]
    public async Task A_file_that_the_operator_does_not_have_refuses_the_job_and_nothing_is_deployed()
    {
        await using var bench = await StartedAsync();
        await bench.MeetAsync("op", contents: Model);
        await bench.WishAsync(WithFile(new string('0', 64)));
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Refused, "the job is not refused");
        Assert.Equal("r1", bench.Status()!.Request);
        Assert.NotNull(bench.Status()!.Refusal);
        Assert.Empty(bench.TaskOf("a")?.Jobs ?? []);

        await bench.WishAsync(WithFile(ContentExchange.HashOf(Model), request: "r2"));
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not taken with a file that is there");
        Assert.Null(bench.Status()!.Refusal);
    }

    [Theory]
    [InlineData("../model.onnx", null)]
    [InlineData("/model.onnx", null)]
    [InlineData("a\\\\b", null)]
    [InlineData("model.onnx", "xyz")]
    public async Task Files_that_are_no_files_are_refused_before_anybody_is_asked_for_them(string path, string? hash)
    {
        await using var bench = await StartedAsync();
        await bench.WishAsync(WithFile(hash ?? new string('0', 64), path: path));
        await bench.UntilAsync(() => bench.Status()?.Refusal is not null, "the job is not refused");
        Assert.Contains("relative paths", bench.Status()!.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_is_fetched_from_the_aggregators_agent_and_served_to_another_agent()
    {
        await using var bench = await StartedAsync();
        await bench.WishAsync(ScriptedFleet.Job());
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not deployed");
        var home = bench.TaskOf("a")!.Jobs[0].Workers.ContainsKey("aggregator_0") ? "a" : "b";
        var snapshot = Encoding.ASCII.GetBytes("a snapshot");
        var agent = await bench.MeetAsync(home, contents: snapshot);
        var other = await bench.MeetAsync(home == "a" ? "b" : "a", contents: "forged"u8.ToArray());
        await TellAsync(bench, other, "forged"u8.ToArray());
        await TellAsync(bench, agent, snapshot);
        await bench.UntilAsync(() => bench.Summary()?.Checkpoint is not null, "the checkpoint is not kept");
        Assert.Equal((ContentExchange.HashOf(snapshot), 3), (bench.Summary()!.Checkpoint, bench.Summary()!.CheckpointRound));

        Assert.Equal(snapshot, await FetchAsync(other, bench.Summary()!.Checkpoint!));
    }

    [Fact]
    public async Task Stopped_at_any_commit_the_next_run_goes_on_and_moves_nobody()
    {
        var commits = await LifeAsync(stopAt: null, isAfter: false);
        Assert.InRange(commits, 4, 40);
        for (var at = 1; at <= commits; at++)
        {
            await LifeAsync(at, isAfter: false);
            await LifeAsync(at, isAfter: true);
        }
    }

    [Fact]
    public async Task Hostile_notices_are_counted_and_do_no_harm()
    {
        await using var bench = await StartedAsync();
        await bench.WishAsync(ScriptedFleet.Job());
        await RunsAsync(bench);
        var (generation, before) = (bench.Status()!.Generation, bench.Controller!.Dropped);
        string[] hostile = ["{", "null", "[]", "7", "{\"state\":7}", "{\"state\":\"running\",\"text\":[]}", new string('[', 5000), $"{{\"state\":\"{new string('x', 5_000_000)}\"}}"];
        foreach (var text in hostile)
        {
            await bench.WishAsync(text, from: "evil");
            if (text.Length < BulletinTopic.MaximumRetainedBytes)
            {
                foreach (var kind in new[] { BulletinKind.Birth, BulletinKind.State, BulletinKind.Task })
                {
                    await bench.PostAsync(BulletinTopic.OfFleet(new AgentId("evil"), kind), Encoding.UTF8.GetBytes(text));
                }
            }
        }

        await bench.UntilAsync(() => bench.Controller.Dropped >= before + hostile.Length, "hostile notices are not counted");
        await bench.WishAsync("""{"state":"stopped","request":"unknown"}""", job: "nobodys");
        await bench.UntilAsync(() => bench.Status("nobodys")?.Refusal is not null, "a wish for an unknown job is not answered");
        Assert.Contains("there is no job 'nobodys' here", bench.Status("nobodys")!.Refusal, StringComparison.Ordinal);
        await bench.WishAsync("""{"state":"paused"}""");
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Paused, "the job cannot be paused any more");
        Assert.Equal(generation, bench.Status()!.Generation);
    }

    [Fact]
    public async Task Who_wants_to_read_is_met_and_gets_what_the_controller_keeps_whether_it_asks_first_or_comes_first()
    {
        await using var bench = await StartedAsync();
        await bench.MeetAsync("op", contents: Model);
        await bench.WishAsync(WithFile(ContentExchange.HashOf(Model)));
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not deployed");

        await bench.WishAsync("""{"state":"read"}""", from: "first");
        var first = await bench.MeetAsync("first");
        var second = await bench.MeetAsync("second");
        await bench.WishAsync("""{"state":"read"}""", from: "second");

        Assert.Equal(Model, await FetchAsync(first, ContentExchange.HashOf(Model)));
        Assert.Equal(Model, await FetchAsync(second, ContentExchange.HashOf(Model)));
    }

    [Fact]
    public async Task Who_asks_is_told_the_names_of_all_agents_and_jobs_page_by_page()
    {
        await using var bench = await StartedAsync();
        string[] others = [.. Enumerable.Range(0, 100).Select(number => $"edge-{number:000}")];
        foreach (var agent in others)
        {
            await bench.UpAsync(agent);
        }

        await bench.WishAsync(ScriptedFleet.Job());
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not deployed");

        await bench.PostAsync(BulletinTopic.OfFleet(new("desk"), BulletinKind.Event), """{"ask":"listing"}"""u8.ToArray());
        await bench.UntilAsync(() => Listings().Count() == 2, "there is no answer");

        Assert.Equal(["a", "b", .. others], Listings().SelectMany(page => page.Agents).Order(StringComparer.Ordinal));
        Assert.Equal(["demo"], Listings().SelectMany(page => page.Jobs));

        IEnumerable<FleetListing> Listings() => bench.Board.Posted.Where(notice => notice.Topic == BulletinTopic.OfFleet(new("controller"), BulletinKind.Event))
            .Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.FleetListing)).OfType<FleetListing>();
    }

    [Fact]
    public async Task A_second_controller_takes_over_and_the_first_stops_as_fenced()
    {
        await using var bench = await StartedAsync();
        await bench.UntilAsync(() => bench.Controller!.Epoch > 0, "no epoch is claimed");
        await bench.PostAsync(
            BulletinTopic.OfFleet(new AgentId("other"), BulletinKind.Birth),
            FleetJson.Write(new ControllerBirth { Controller = "other", Epoch = bench.Controller!.Epoch + 1, Session = "x" }, FleetJson.Default.ControllerBirth));
        var ended = await Assert.ThrowsAsync<ChannelException>(() => bench.Running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(ChannelFault.Fenced, ended.Fault);
    }

    // A job from its submission to its end, with one stop on the way: the operator repeats what was not answered, as the tool does.
    private static async Task<int> LifeAsync(int? stopAt, bool isAfter)
    {
        await using var bench = new ControllerBench();
        (bench.State.StopAt, bench.State.IsAfter) = (stopAt, isAfter);
        await bench.UpAsync("a", "d-0");
        await bench.UpAsync("b", "d-1");
        bench.Start();
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (wish, state) in new[] { (Wish("running", "r1", ScriptedFleet.Job()), JobPhase.Running), (Wish("paused", "r2"), JobPhase.Paused), (Wish("stopped", "r3"), JobPhase.Stopped) })
        {
            await UntilAsync(bench, wish, state);
            foreach (var (worker, agent) in Places(bench))
            {
                Assert.True(places.TryAdd(worker, agent) || places[worker] == agent, $"{worker} has moved to {agent}, stopped at commit {stopAt} {(isAfter ? "after" : "before")}");
            }
        }

        Assert.Equal(3, places.Count);
        return bench.State.Commits;
    }

    private static async Task UntilAsync(ControllerBench bench, string wish, JobPhase state)
    {
        var bound = System.Diagnostics.Stopwatch.StartNew();
        for (var tries = 0; bench.Status()?.State != state; tries++)
        {
            Assert.True(bound.Elapsed < TimeSpan.FromSeconds(20), $"the job does not come to {state}: {bench.Status()?.State} {bench.Status()?.Reason}");
            if (bench.Running.IsFaulted)
            {
                bench.Start();
            }

            if (tries % 10 == 0)
            {
                await bench.WishAsync(wish);
            }

            await bench.ReportAsync("a", state == JobPhase.Running ? WorkPhase.Running : WorkPhase.Paused);
            await bench.ReportAsync("b", state == JobPhase.Running ? WorkPhase.Running : WorkPhase.Paused);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private static async Task<ControllerBench> StartedAsync()
    {
        var bench = new ControllerBench();
        await bench.UpAsync("a", "d-0");
        await bench.UpAsync("b", "d-1");
        bench.Start();
        await bench.UntilAsync(() => bench.TaskOf("a") is not null && bench.TaskOf("b") is not null, "the controller does not come up");
        return bench;
    }

    private static async Task RunsAsync(ControllerBench bench)
    {
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Deploying, "the job is not deployed");
        await bench.ReportAsync("a", WorkPhase.Running);
        await bench.ReportAsync("b", WorkPhase.Running);
        await bench.UntilAsync(() => bench.Status()?.State == JobPhase.Running, "the job does not run");
    }

    // Told until it is heard: the controller meets an agent when it has given it work.
    private static async Task TellAsync(ControllerBench bench, ContentExchange from, byte[] snapshot)
    {
        await bench.UntilAsync(() => from.Peers.Count > 0, "the controller is not met");
        await from.TellAsync(ContentEndpoint.Controller, FleetJson.Write(new CheckpointNote("aggregator_0", ContentExchange.HashOf(snapshot), 3, "run1"), FleetJson.Default.CheckpointNote), CancellationToken.None);
    }

    private static async Task<byte[]> FetchAsync(ContentExchange exchange, string hash) => (await exchange.FetchAsync(ContentEndpoint.Controller, hash, TimeSpan.FromSeconds(20), CancellationToken.None)).ToArray();

    private static Dictionary<string, string> Places(ControllerBench bench) => new[] { "a", "b" }
        .SelectMany(agent => bench.TaskOf(agent)?.Jobs.SelectMany(job => job.Workers.Keys) ?? [], (agent, worker) => (agent, worker))
        .ToDictionary(entry => entry.worker, entry => entry.agent, StringComparer.Ordinal);

    private static string Wish(string state, string request, string? text = null) => $$"""{"state":"{{state}}","request":"{{request}}"{{(text is null ? "" : $",\"text\":{text}")}}}""";

    private static string WithFile(string hash, string path = "files/model.onnx", string request = "r1") => $$"""{"state":"running","request":"{{request}}","files":{"{{path}}":"{{hash}}"},"text":{{ScriptedFleet.Job()}}}""";
}
