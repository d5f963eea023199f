using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Channels;
using FlameEdge.Cli.Operating;
using FlameEdge.Cli.Output;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>job show</c>: how a job stands, worker by worker, and with <c>--out</c> the model of its last checkpoint.</summary>
internal static class JobShowVerb
{
    public static Command Create()
    {
        var verb = new Command("show", "Show how a job stands; with --out also write the model of its last checkpoint.");
        var name = JobControlVerbs.Name();
        var folder = new Option<string?>("--out") { Description = "folder for model.parameters and, where it can be made, model.onnx", HelpName = "DIR" };
        verb.Add(name);
        var asking = new OperatorArguments(verb);
        verb.Add(folder);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var job = new JobId(parsed.GetValue(name)!); // not null: it is required
            if (await session.StatusAsync(job, cancellationToken) is not { } status)
            {
                throw await JobControlVerbs.UnknownAsync(job.Value, session, cancellationToken);
            }

            var output = parsed.InvocationConfiguration.Output;
            JobViews.WriteStatus(output, status, asking.IsJson(parsed));
            if (!asking.IsJson(parsed))
            {
                await WriteWorkersAsync(session, job, status.Generation, output, cancellationToken);
            }

            if (parsed.GetValue(folder) is { } into)
            {
                foreach (var line in await JobResults.FetchAsync(session, job, into, asking.Timeout(parsed), cancellationToken))
                {
                    (asking.IsJson(parsed) ? parsed.InvocationConfiguration.Error : output).WriteLine(line);
                }
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    private static async Task WriteWorkersAsync(OperatorSession session, JobId job, string generation, TextWriter output, CancellationToken cancellationToken)
    {
        var states = await session.ReadAsync([BulletinTopic.AnyOfFleet(BulletinKind.State)], cancellationToken);
        var table = Terminal.Table("worker", "agent", "attempt", "phase", "round", "why");
        var reports = states.Values
            .Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentState)).OfType<AgentState>()
            .SelectMany(state => state.Work, (state, work) => (state.Agent, Work: work))
            .Where(entry => entry.Work.Job == job.Value && entry.Work.Generation == generation)
            .OrderBy(entry => entry.Work.Worker, StringComparer.Ordinal).ToList();
        foreach (var (agent, work) in reports)
        {
            table.AddRow(Markup.Escape(work.Worker), Markup.Escape(agent), $"{work.Attempt}", JobViews.Word(work.Phase), $"{work.Round}", Markup.Escape(work.Reason ?? ""));
        }

        if (reports.Count > 0)
        {
            Terminal.Show(output, table);
        }
    }
}
