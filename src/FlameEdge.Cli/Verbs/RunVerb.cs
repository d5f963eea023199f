using System.CommandLine;
using System.Text.Json;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Running;
using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>run</c>: the whole job in this process, or the named workers of it, over a broker.</summary>
internal static class RunVerb
{
    private const int TableRows = 20;
    private const int ComparedNames = 1000;

    public static Command Create(RoleCatalog roles)
    {
        var verb = new Command("run", "Run a job: all its workers here, or only those named with --worker.");
        var arguments = new JobArguments(verb, "table", "json");
        var broker = new Option<Uri?>("--broker") { Description = "mqtt://host:port of a running broker; without it an embedded one is started", HelpName = "URL", CustomParser = RunOptionChecks.Broker };
        var port = new Option<int>("--port") { Description = "port of the embedded broker; 0 takes a free one", HelpName = "N" };
        var prefix = new Option<string>("--prefix") { Description = "first level of every topic", DefaultValueFactory = _ => "flameedge", HelpName = "NAME" };
        var worker = new Option<string[]>("--worker") { Description = "run this worker only; may be given several times", HelpName = "ID" };
        var folder = new Option<string?>("--out") { Description = "folder for results and state; out/JOB by default", HelpName = "DIR" };
        var resume = new Option<bool>("--resume") { Description = "go on where an earlier run in the folder stopped" };
        var replay = new Option<string?>("--replay") { Description = "count the same workers in the same rounds as this result.json", HelpName = "RESULT" };
        port.Validators.Add(RunOptionChecks.Port);
        prefix.Validators.Add(RunOptionChecks.Prefix);
        folder.Validators.Add(RunOptionChecks.Folder);
        foreach (var option in new Option[] { broker, port, prefix, worker, folder, resume, replay })
        {
            verb.Add(option);
        }

        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var workers = parsed.GetValue(worker) ?? [];
            if (arguments.Read(parsed, roles.Names, RolesOf(workers)) is not { } plan)
            {
                return ExitCode.BadJob;
            }

            RequireKnown(workers, plan);
            var request = new RunRequest
            {
                Broker = parsed.GetValue(broker),
                Port = parsed.GetValue(port),
                Prefix = parsed.GetValue(prefix)!,
                Workers = workers,
                Out = parsed.GetValue(folder) ?? Path.Combine("out", plan.Job.Name.Value),
                IsResume = parsed.GetValue(resume),
                Replay = parsed.GetValue(replay),
                IsJson = arguments.Format(parsed) == "json",
            };
            return await RunAsync(request, plan, roles, parsed.InvocationConfiguration, cancellationToken);
        });
        return verb;
    }

    /// <summary>The roles of the chosen workers; null for all. Another's program may be on board of another process only.</summary>
    private static HashSet<RoleName>? RolesOf(string[] workers) =>
        workers.Length == 0 ? null : [.. workers.Select(worker => new RoleName(worker[..Math.Max(0, worker.LastIndexOf('_'))]))];

    private static void RequireKnown(string[] workers, JobPlan plan)
    {
        if (workers.FirstOrDefault(worker => plan.Find(new(worker)) is null) is { } unknown)
        {
            var names = plan.Workers.Select(worker => worker.Id.Value);
            var nearest = NearestName.Of(unknown, names.Take(ComparedNames)) is { } name ? $" (did you mean '{name}'?)" : string.Empty;
            throw new TopologyException($"--worker {unknown}: the job has no such worker; it has {string.Join(", ", names.Take(8))}{(plan.Workers.Count > 8 ? ", …" : string.Empty)}{nearest}");
        }
    }

    private static async Task<int> RunAsync(RunRequest request, JobPlan plan, RoleCatalog roles, InvocationConfiguration streams, CancellationToken cancellationToken)
    {
        var talk = request.IsJson ? streams.Error : streams.Output;
        using var loggers = Loggers.ToError(streams.Error);
        var run = new JobRun(request, plan, roles, loggers, talk);
        var isLive = talk == Console.Out && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;
        var results = isLive
            ? await run.RunAsync(new LiveProgress(plan.Job.Rounds.Count).RunAsync, cancellationToken)
            : await run.RunAsync(work => work(new LineProgress(talk, plan.Job.Rounds.Count)), cancellationToken);
        if (results.Result is { } result)
        {
            Write(result, results, request, streams.Output);
        }

        return ExitCode.Ok;
    }

    private static void Write(JobResult result, RunResults results, RunRequest request, TextWriter output)
    {
        if (request.IsJson)
        {
            output.WriteLine(JsonSerializer.Serialize(result, RoundsJson.Default.JobResult));
            return;
        }

        var table = Terminal.Table("round", "accuracy", "loss", "counted", "up", "down", "time");
        foreach (var round in result.Rounds.TakeLast(TableRows))
        {
            var counted = round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted);
            table.AddRow($"{round.Round}", Figures.Score(round.Accuracy), Figures.Score(round.Loss), $"{counted}/{round.Verdicts.Count}", Figures.Bytes(round.BytesUp), Figures.Bytes(round.BytesDown), Figures.Seconds(round.Seconds));
        }

        Terminal.Show(output, table);
        output.WriteLine($"{result.Title}: {result.State} after {result.Rounds.Count} rounds, accuracy {Figures.Score((result.Rounds.Count > 0 ? result.Rounds[^1].Accuracy : null))}");
        output.WriteLine($"results in {Path.GetFullPath(request.Out)}: {string.Join(", ", results.Files)}");
    }
}
