using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using static FlameEdge.Cli.Tests.Fleet.LiveFleet;

namespace FlameEdge.Cli.Tests.Fleet;

/// <summary>The verbs over a running fleet, as people and scripts use them.</summary>
public class FleetVerbTests(LiveFleet fleet) : IClassFixture<LiveFleet>
{
    [Fact]
    public async Task A_job_is_planned_submitted_followed_paused_stopped_fetched_and_deleted()
    {
        var file = fleet.JobFile("demo", rounds: 1_000_000);

        var planned = await fleet.AskAsync("job", "plan", file, "--format", "json");
        Assert.True(Json(planned).GetProperty("fits").GetBoolean(), planned.Output);
        Assert.All(Json(planned).GetProperty("workers").EnumerateArray(), worker => Assert.Equal("edge-1", worker.GetProperty("agent").GetString()));

        var submitted = await fleet.AskAsync("job", "submit", file, "--with-data", "--format", "json");
        Assert.Equal((0, "demo"), (submitted.Code, Json(submitted).GetProperty("job").GetString()));
        var again = fleet.AskAsync("job", "submit", file, "--with-data", "--format", "json");
        Assert.Equal(Json(submitted).GetProperty("generation").GetString(), Json(await again).GetProperty("generation").GetString());
        await fleet.StateAsync("demo", "running");

        var watch = fleet.AskAsync("job", "watch", "demo");
        var logs = fleet.AskAsync("job", "logs", "demo");
        var list = fleet.AskAsync("job", "list", "--format", "json");
        var show = fleet.AskAsync("job", "show", "demo");
        Assert.Contains(Json(await list).EnumerateArray(), job => job.GetProperty("job").GetString() == "demo");
        Assert.Contains("trainer_0", (await show).Output, StringComparison.Ordinal);

        Assert.StartsWith("demo: paused", (await fleet.AskAsync("job", "pause", "demo")).Output, StringComparison.Ordinal);
        Assert.Equal("running", Json(await fleet.AskAsync("job", "resume", "demo", "--format", "json")).GetProperty("state").GetString());
        await CheckpointAsync("demo");
        Assert.Equal(0, (await fleet.AskAsync("job", "stop", "demo")).Code);
        Assert.All(await Task.WhenAll(watch, logs), ended =>
        {
            Assert.Equal((0, ""), (ended.Code, ended.Error));
            Assert.Contains("demo: paused", ended.Output, StringComparison.Ordinal);
            Assert.StartsWith("demo: stopped", ended.Output.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
            Assert.DoesNotContain('\u001b', ended.Output);
        });

        var fetched = await fleet.AskAsync("job", "show", "demo", "--out", fleet.PathOf("out"));
        Assert.True(fetched.Code == 0, fetched.Error);
        Assert.True(new FileInfo(Path.Combine(fleet.PathOf("out"), "model.parameters")).Length > 0);
        var inspected = await Outcome.OfAsync("model", "inspect", Path.Combine(fleet.PathOf("out"), "model.onnx"));
        Assert.True(inspected.Code == 0, inspected.Error);

        Assert.Equal("demo: deleted", (await fleet.AskAsync("job", "delete", "demo")).Output.Trim());
        (await fleet.AskAsync("job", "show", "demo")).IsRefusal(ExitCode.BadJob, "has no job 'demo'");
    }

    [Fact]
    public async Task A_submission_that_is_watched_ends_with_the_job_and_a_refusal_says_why()
    {
        var done = await fleet.AskAsync("job", "submit", fleet.JobFile("short", rounds: 2), "--with-data", "--watch");
        Assert.True(done.Code == 0, $"{done.Error}{done.Output}\n{fleet.Said}");
        Assert.Contains("short: completed, round 2/2", done.Output, StringComparison.Ordinal);

        var other = await fleet.AskAsync("job", "submit", fleet.JobFile("poor", rounds: 2, needs: "{ memory: 900TB }", more: "fleet: { patience: 1s }"), "--watch");
        Assert.Equal(ExitCode.BadJob, other.Code);
        Assert.Contains("memory: needs", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_interrupted_while_watching_is_told_that_the_job_goes_on()
    {
        var watched = await fleet.AskUntilAsync("long: running", "job", "submit", fleet.JobFile("long", rounds: 1_000_000), "--with-data", "--watch");

        Assert.Equal(ExitCode.Interrupted, watched.Code);
        Assert.Equal("interrupted; 'long' goes on without being watched: `flame-edge job watch long` shows it again, `flame-edge job stop long` ends it", watched.LastLine);
        await fleet.StateAsync("long", "running");
        Assert.Equal(0, (await fleet.AskAsync("job", "delete", "long")).Code);
    }

    [Fact]
    public async Task The_fleet_is_watched_line_by_line_until_interrupted()
    {
        var watched = await fleet.AskUntilAsync("edge-1: ", "fleet", "watch");

        Assert.Equal((ExitCode.Ok, ""), (watched.Code, watched.Error));
        Assert.Matches("^edge-1: [a-z]+, .+", watched.Output);
        Assert.DoesNotContain('\u001b', watched.Output);
    }

    [Fact]
    public async Task The_fleet_is_listed_shown_and_drained()
    {
        var list = fleet.AskAsync("fleet", "list");
        var show = fleet.AskAsync("fleet", "show", "edge-1");
        Assert.Contains("edge-1", (await list).Output, StringComparison.Ordinal);
        Assert.Equal("edge-1", Json(await show).GetProperty("birth").GetProperty("agent").GetString());
        Assert.Equal("no agent is drained", (await fleet.AskAsync("fleet", "drain", "edge-1", "--undo")).Output.Trim());
    }

    [Fact]
    public async Task Rights_are_made_out_for_the_agents_that_are_there()
    {
        var rights = await fleet.AskAsync("topology", "acl", "--fleet", "--any-job", "--broker-type", "mosquitto", "--name", "desk");

        Assert.True(rights.Code == 0, rights.Error);
        Assert.Contains("user edge-1\ntopic write flameedge/fleet/edge-1/alive", rights.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_nobody_knows_are_refused_with_the_nearest()
    {
        var refusals = await Task.WhenAll(
            fleet.AskAsync("fleet", "show", "edge-2"),
            fleet.AskAsync("fleet", "drain", "egde-1"),
            fleet.AskAsync("job", "watch", "nothing"),
            fleet.AskAsync("job", "logs", "nothing"),
            fleet.AskAsync("job", "show", "nothing"),
            fleet.AskAsync("job", "pause", "nowhere"),
            fleet.AskAsync("job", "resume", "nowhere"),
            fleet.AskAsync("job", "stop", "nowhere"));
        Assert.All(refusals[..2], refusal => refusal.IsRefusal(ExitCode.BadJob, "there is no agent", "did you mean 'edge-1'?", "fleet list"));
        Assert.All(refusals[2..5], refusal => refusal.IsRefusal(ExitCode.BadJob, "has no job 'nothing'", "job list"));
        Assert.All(refusals[5..], refusal => refusal.IsRefusal(ExitCode.BadJob, "there is no job 'nowhere' here"));
    }

    [Fact]
    public async Task The_doctor_finds_everything_well_and_says_what_is_not()
    {
        var well = fleet.AskAsync("doctor", "--state", fleet.PathOf("doctor"));
        var alone = await fleet.AskAsync("doctor", "--state", fleet.PathOf("doctor"), "--controller", "nobody");
        Assert.Equal(ExitCode.TimedOut, alone.Code);
        Assert.Contains("BAD  controller: 'nobody' has never been at this broker", alone.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await well).Code);
        Assert.DoesNotContain("BAD", (await well).Output, StringComparison.Ordinal);
        var file = fleet.PathOf("taken");
        File.WriteAllText(file, "");
        Assert.Equal(ExitCode.BadState, (await Outcome.OfAsync("doctor", "--state", file)).Code);
    }

    [Fact]
    public async Task A_controller_that_does_not_answer_is_waited_for_as_long_as_was_said()
    {
        var start = System.Diagnostics.Stopwatch.StartNew();
        (await fleet.AskAsync("job", "stop", "demo", "--controller", "nobody", "--timeout", "0.5")).IsRefusal(ExitCode.TimedOut, "'nobody' did not answer within 0.5 s", "--controller");
        Assert.InRange(start.Elapsed.TotalSeconds, 0.4, 10);
    }

    [Fact]
    public async Task A_broker_that_is_not_there_has_its_own_exit_code()
    {
        (await Outcome.OfAsync("job", "list", "--broker", "mqtt://127.0.0.1:1", "--timeout", "0.5")).IsRefusal(ExitCode.BrokerUnreachable, "127.0.0.1:1");
    }

    [Theory]
    [InlineData("--timeout", "--timeout", "soon")]
    [InlineData("--timeout", "--timeout", "0")]
    [InlineData("--timeout", "--timeout", "86401")]
    [InlineData("--timeout", "--timeout", "nan")]
    [InlineData("--controller", "--controller", "a/b")]
    [InlineData("--name", "--name", "Ä")]
    [InlineData("--prefix", "--prefix", "a/b")]
    [InlineData("xml", "--format", "xml")]
    [InlineData("--broker", "--broker", "http://x")]
    [InlineData("3.1.1", "--protocol", "4")]
    public async Task What_no_option_can_mean_is_refused_before_anything_is_asked(string named, string option, string value)
    {
        string[] broker = option == "--broker" ? [] : ["--broker", "mqtt://127.0.0.1:1"];
        var refused = await Outcome.OfAsync(["job", "list", option, value, .. broker]);
        Assert.Equal((ExitCode.BadJob, ""), (refused.Code, refused.Output));
        Assert.Contains(named, refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operators_visit_leaves_nothing_at_the_broker()
    {
        Assert.Equal(0, (await fleet.AskAsync("job", "list", "--name", "visitor")).Code);
        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new Uri(fleet.Url) }, new AgentId("observer"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Null(await session.Bulletin.ReadAsync(BulletinTopic.OfFleet(new AgentId("visitor"), BulletinKind.Alive), TimeSpan.FromSeconds(0.5), TestContext.Current.CancellationToken));
        Assert.NotNull(await session.Bulletin.ReadAsync(BulletinTopic.OfFleet(new AgentId("edge-1"), BulletinKind.Alive), TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }

    private async Task CheckpointAsync(string job)
    {
        await fleet.StateAsync(job, "running");
        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new Uri(fleet.Url) }, new AgentId("observer"), cancellationToken: TestContext.Current.CancellationToken);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        await foreach (var notice in session.Bulletin.WatchAsync(BulletinTopic.AnyOfJob(new JobId(job), BulletinKind.Spec), bound.Token))
        {
            using var summary = JsonDocument.Parse(notice.Json);
            if (summary.RootElement.TryGetProperty("checkpoint", out _))
            {
                return;
            }
        }
    }
}
