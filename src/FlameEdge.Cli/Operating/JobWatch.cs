using System.CommandLine;
using System.Text;
using FlameEdge.Agent;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Topology;
using Spectre.Console;

namespace FlameEdge.Cli.Operating;

/// <summary>Follows a job until it is over: a live picture on a terminal, lines elsewhere.</summary>
internal static class JobWatch
{
    private const int ShownEvents = 12;

    /// <summary>Returns the exit code that says how it ended, or that nobody wanted to see more of it.</summary>
    public static async Task<int> RunAsync(OperatorSession session, JobId job, InvocationConfiguration streams, bool isLog, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(session, job, streams.Output, isLog, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await streams.Error.WriteLineAsync($"interrupted; '{job}' goes on without being watched: `flame-edge job watch {job}` shows it again, `flame-edge job stop {job}` ends it");
            return ExitCode.Interrupted;
        }
    }

    private static async Task<int> RunAsync(OperatorSession session, JobId job, TextWriter output, bool isLog, CancellationToken cancellationToken)
    {
        BulletinTopic[] topics = [BulletinTopic.AnyOfJob(job, BulletinKind.Event), BulletinTopic.AnyOfJob(job, BulletinKind.Round), BulletinTopic.OfJob(job, session.Controller, BulletinKind.State)];
        if (isLog || output != Console.Out || Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
        {
            return await FollowAsync(session, topics, (_, line) => output.WriteLine(line), cancellationToken);
        }

        JobStatus? latest = null;
        var lines = new Queue<string>();
        return await AnsiConsole.Live(new Text("waiting for word of the job")).StartAsync(live => FollowAsync(
            session,
            topics,
            (status, line) =>
            {
                latest = status ?? latest;
                lines.Enqueue(line);
                while (lines.Count > ShownEvents)
                {
                    lines.Dequeue();
                }

                live.UpdateTarget(new Rows(latest is null ? new Text("") : JobViews.Table([latest]), new Text(string.Join('\n', lines))));
            },
            cancellationToken));
    }

    private static async Task<int> FollowAsync(OperatorSession session, BulletinTopic[] topics, Action<JobStatus?, string> show, CancellationToken cancellationToken)
    {
        string? last = null;
        await foreach (var notice in session.WatchAsync(topics, cancellationToken))
        {
            var status = notice.Topic.Kind == BulletinKind.State ? FleetJson.Read(notice.Json.Span, FleetJson.Default.JobStatus) : null;
            var line = status is not null ? JobViews.Line(status) : notice.Json.IsEmpty ? "deleted" : $"{notice.Topic.Agent} {notice.Topic.Kind.ToString().ToLowerInvariant()}: {Encoding.UTF8.GetString(notice.Json.Span)}";
            if (line != last)
            {
                show(status, last = line);
            }

            switch (status?.State)
            {
                case JobPhase.Completed or JobPhase.Stopped:
                    return ExitCode.Ok;
                case JobPhase.Failed:
                    return ExitCode.JobFailed;
                case JobPhase.Refused:
                    return ExitCode.BadJob;
                default:
                    if (notice.Topic.Kind == BulletinKind.State && notice.Json.IsEmpty)
                    {
                        return ExitCode.Ok;
                    }

                    break;
            }
        }

        return ExitCode.Ok;
    }
}
