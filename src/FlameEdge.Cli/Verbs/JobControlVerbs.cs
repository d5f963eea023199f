using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Channels;
using FlameEdge.Cli.Operating;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Cli.Verbs;

/// <summary>The verbs over jobs that a controller has: <c>job list</c>, <c>watch</c>, <c>logs</c>, <c>pause</c>, <c>resume</c>, <c>stop</c>, <c>delete</c>.</summary>
internal static class JobControlVerbs
{
    /// <summary>All of them.</summary>
    public static IEnumerable<Command> Create() =>
    [
        List(),
        Watch("watch", "Watch a job until it is over.", isLog: false),
        Watch("logs", "Write what happens to a job, line by line, until it is over.", isLog: true),
        Ask("pause", "Stop a job's workers for now; they keep their state.", "paused"),
        Ask("resume", "Let a paused job go on.", "running"),
        Ask("stop", "Stop a job for good; its last checkpoint is kept.", "stopped"),
        Ask("delete", "Stop a job and forget it with its checkpoint.", "deleted"),
    ];

    /// <summary>The argument that names a job.</summary>
    public static Argument<string> Name() => new("NAME") { Description = "the job's name in topics" };

    /// <summary>The refusal of a name nobody knows.</summary>
    public static async Task<TopologyException> UnknownAsync(string name, OperatorSession session, CancellationToken cancellationToken)
    {
        var found = await session.ReadAsync([BulletinTopic.AnyJob(BulletinKind.State)], cancellationToken);
        var nearest = NearestName.Of(name, found.Keys.Select(topic => topic.Job?.Value).OfType<string>()) is { } near ? $" (did you mean '{near}'?)" : "";
        return new($"controller '{session.Controller}' has no job '{name}'{nearest}; `flame-edge job list` shows those it has, --controller names another controller");
    }

    private static Command List()
    {
        var verb = new Command("list", "Show the jobs of all controllers.");
        var asking = new OperatorArguments(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var found = await session.ReadAsync([BulletinTopic.AnyJob(BulletinKind.State)], cancellationToken);
            var jobs = found.Values.Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.JobStatus)).OfType<JobStatus>().OrderBy(status => status.Job, StringComparer.Ordinal).ToList();
            JobViews.WriteAll(parsed.InvocationConfiguration.Output, jobs, asking.IsJson(parsed));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Watch(string word, string description, bool isLog)
    {
        var verb = new Command(word, description);
        var name = Name();
        verb.Add(name);
        var asking = new OperatorArguments(verb, hasFormat: false);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var job = new JobId(parsed.GetValue(name)!); // not null: it is required
            return await session.StatusAsync(job, cancellationToken) is null ? throw await UnknownAsync(job.Value, session, cancellationToken) : await JobWatch.RunAsync(session, job, parsed.InvocationConfiguration, isLog, cancellationToken);
        });
        return verb;
    }

    private static Command Ask(string word, string description, string state)
    {
        var verb = new Command(word, description);
        var name = Name();
        verb.Add(name);
        var asking = new OperatorArguments(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var job = parsed.GetValue(name)!; // not null: it is required
            var output = parsed.InvocationConfiguration.Output;
            if (await session.AskAsync(new JobId(job), new DesiredJob { State = state }, cancellationToken) is { } status)
            {
                JobViews.WriteStatus(output, status, asking.IsJson(parsed));
            }
            else
            {
                output.WriteLine($"{job}: deleted");
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
