using FlameEdge.Control.Jobs;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>With identities, TLS and generated rights a fleet does its work, and nobody can do anything else.</summary>
public class SecuredFleetTests(SecuredFleet fleet) : IClassFixture<SecuredFleet>
{
    private int clients;

    [Fact]
    public void Five_agents_one_of_them_configured_from_afar_finish_a_job()
    {
        Assert.Equal(ExitCode.Ok, fleet.Watched.Code);
        Assert.Contains("completed", fleet.Watched.Output, StringComparison.Ordinal);
        var result = fleet.Bench.ResultOf(SecuredFleet.Job);
        Assert.Equal(3, result.Rounds.Count);
        Assert.All(result.Rounds, round => Assert.Equal(5, round.Verdicts.Count(verdict => verdict.Verdict == Rounds.Verdict.Counted)));
        Assert.Empty(fleet.Bench.Twice);
    }

    [Fact]
    public async Task What_a_plain_client_hears_reads_like_a_story()
    {
        var story = FleetStory.Of(fleet.Observer.Heard);
        story.RequireOrder(
            ("an agent is born", "flameedge/fleet/gw-0/birth", "\"agent\""),
            ("the fresh agent is told what it has", $"flameedge/fleet/{SecuredFleet.Fresh}/config", "line-4"),
            ("it announces it", $"flameedge/fleet/{SecuredFleet.Fresh}/birth", "line-4"),
            ("the job is submitted", "flameedge/job/plant/operator/desired", "\"job\""),
            ("the controller has taken it", "flameedge/job/plant/controller/event", "\"submitted\""),
            ("workers get places", "flameedge/job/plant/controller/event", "\"place\""),
            ("the job runs", "flameedge/job/plant/controller/state", "\"running\""),
            ("a round is done", "/round", "\"round\""),
            ("the job is over", "flameedge/job/plant/controller/state", "\"completed\""));
        story.RequireOrder(
            ("the job is submitted", "flameedge/job/plant/operator/desired", "\"job\""),
            ("the fresh agent gets its task", $"flameedge/fleet/{SecuredFleet.Fresh}/task", "trainer_"),
            ("it meets the others", $"/{SecuredFleet.Fresh}/trainer_4", "\"samples\":60"),
            ("it has done its part", $"flameedge/fleet/{SecuredFleet.Fresh}/state", "\"done\""));
        if (Environment.GetEnvironmentVariable("STORY_FILE") is { } file)
        {
            await File.WriteAllTextAsync(file, story.ToMarkdown(Environment.GetEnvironmentVariable("STORY_COMMIT") ?? "unknown"));
        }
    }

    [Fact]
    public async Task Nothing_an_agent_writes_beside_its_part_arrives_anywhere()
    {
        foreach (var topic in new AccessAttacks("gw-3", "gw-0", "controller", "operator", SecuredFleet.Job, "theirs").Writes)
        {
            foreach (var retain in new[] { false, true })
            {
                await AttemptAsync("gw-3", topic, retain);
            }

            await RequireHeardAsync("gw-3", $"after {topic}");
        }

        Assert.DoesNotContain(fleet.Observer.Heard, message => message.Text == "forged");
        await using var late = await PlainClient.ConnectAsync(fleet.Broker.Port, "late", fleet.Identities.FilesOf("observer"));
        await late.SubscribeAsync("#");
        await late.UntilAsync(message => message.Topic.EndsWith("/gw-0/birth", StringComparison.Ordinal), "what stands retained");
        Assert.DoesNotContain(late.Heard, message => message.Text == "forged");
    }

    [Fact]
    public async Task Nothing_an_agent_may_not_read_reaches_it()
    {
        // The victim does not run: its topics can be filled without disturbing anybody.
        var reads = new AccessAttacks("gw-3", "gw-9", "controller", "operator", SecuredFleet.Job, "theirs").Reads;
        foreach (var topic in reads.Select(read => read.Topic).Distinct(StringComparer.Ordinal))
        {
            await fleet.Observer.PublishAsync(topic, "secret", retain: true);
        }

        await using var attacker = await ConnectAsync("gw-3");
        await attacker.SubscribeAsync($"flameedge/job/{SecuredFleet.Job}/+/state");
        foreach (var filter in reads.Select(read => read.Filter).Concat(["$SYS/#", "+/+/+", "flameedge/fleet/gw-0/+", "flameedge/+/+/+/spec"]))
        {
            await attacker.SubscribeAsync(filter);
        }

        foreach (var (_, topic) in reads)
        {
            await fleet.Observer.PublishAsync(topic, "secret");
        }

        await fleet.Observer.PublishAsync($"flameedge/job/{SecuredFleet.Job}/observer/state", "the end");
        await attacker.UntilAsync(message => message.Text == "the end", "the last message, which it may read");
        foreach (var topic in reads.Select(read => read.Topic).Distinct(StringComparer.Ordinal))
        {
            await fleet.Observer.PublishAsync(topic, string.Empty, retain: true);
        }

        Assert.DoesNotContain(attacker.Heard, message => message.Text == "secret");
        string[] others = ["birth", "state", "task", "config", "metrics", "event"];
        Assert.DoesNotContain(attacker.Heard, message => message.Topic.Split('/') is ["flameedge", "fleet", not "gw-3", var kind] && others.Contains(kind));
        Assert.DoesNotContain(attacker.Heard, message => message.Topic.StartsWith("$SYS", StringComparison.Ordinal) || message.Topic.EndsWith("/spec", StringComparison.Ordinal) || message.Topic.EndsWith("/desired", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_shows_no_certificate_a_foreign_one_or_anothers_name_is_nobody_or_himself()
    {
        using var foreign = await FleetIdentities.MakeAsync("gw-0");
        var (own, stranger) = (fleet.Identities.FilesOf("gw-3"), foreign.FilesOf("gw-0"));
        PlainClient[] attackers =
        [
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-0-x", own, showsCertificate: false),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-0-x", own, showsCertificate: false, user: "gw-0"),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-0-x", stranger),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-0-x", own, user: "gw-0"),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-9", own),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "controller-x", own, user: "controller"),
            await PlainClient.ConnectAsync(fleet.Broker.Port, "gw-0-x", null),
        ];
        foreach (var attacker in attackers)
        {
            await attacker.PublishAsync("flameedge/fleet/gw-0/event", "forged");
            await attacker.PublishAsync("flameedge/fleet/gw-9/event", "forged");
            await attacker.PublishAsync("flameedge/fleet/gw-0/task", "forged", retain: true);
            await attacker.DisposeAsync();
        }

        await RequireHeardAsync("gw-0", "the rightful one is heard");
        Assert.DoesNotContain(fleet.Observer.Heard, message => message.Text == "forged");
    }

    [Fact]
    public async Task A_job_that_no_agent_can_run_says_which_figure_is_short_and_where()
    {
        using var folder = new TemporaryFolder();
        var large = SecuredFleet.Text.Replace("\"plant\"", "\"large\"", StringComparison.Ordinal)
            .Replace("\"name\": \"aggregator\"", "\"name\": \"aggregator\", \"needs\": { \"memory\": \"900GB\" }", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["large.json"], large);

        var planned = await fleet.Bench.CallAsync("job", "plan", folder["large.json"], "--format", "json");
        Assert.DoesNotContain(fleet.Observer.Heard, message => message.Topic.StartsWith("flameedge/job/large/", StringComparison.Ordinal));
        await fleet.Bench.SubmitAsync(large);
        var status = await fleet.Bench.UntilAsync("large", JobPhase.Waiting);
        var shown = await fleet.Bench.CallAsync("job", "show", "large", "--format", "json");
        await fleet.Bench.CallAsync("job", "delete", "large");

        Assert.Equal(ExitCode.BadJob, planned.Code);
        Assert.Equal(ExitCode.Ok, shown.Code);
        Assert.All([planned.Output, status.Reason ?? string.Empty, shown.Output], text =>
        {
            Assert.Contains("memory: needs 900", text, StringComparison.Ordinal);
            Assert.Contains("gw-0", text, StringComparison.Ordinal);
        });
    }

    // A connection for each: mosquitto ends one that was refused, and a further attempt on it would prove nothing. Beside the agent's own, whose name stays free.
    private async Task<PlainClient> ConnectAsync(string agent) => await PlainClient.ConnectAsync(fleet.Broker.Port, $"{agent}-thief-{++clients}", fleet.Identities.FilesOf(agent));

    private async Task AttemptAsync(string agent, string topic, bool retain)
    {
        await using var attacker = await ConnectAsync(agent);
        await attacker.PublishAsync(topic, "forged", retain);
    }

    /// <summary>What the agent may write does arrive: silence elsewhere is the rules' doing.</summary>
    private async Task RequireHeardAsync(string agent, string text)
    {
        await using var rightful = await ConnectAsync(agent);
        await rightful.PublishAsync($"flameedge/fleet/{agent}/event", text);
        await fleet.Observer.UntilAsync(message => message.Text == text, text);
    }
}
