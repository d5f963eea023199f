using System.CommandLine;
using System.Text.Json;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Reading;
using FlameEdge.Agent.Running;
using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Verbs;

/// <summary><c>run</c>: the named workers of a job over a broker; with the tool also the whole job in this process, over a broker of its own.</summary>
internal static class RunVerb
{
    private const int ComparedNames = 1000;

    public static Command Create(HostParts parts)
    {
        var isTool = parts.Tool is not null;
        var verb = new Command("run", isTool ? "Run a job: all its workers here, or only those named with --worker." : "Run workers of a job over a broker.");
        var arguments = new JobArguments(verb, new JobSource(parts.Tool?.ReadYaml), isTool ? "table" : "text", "json");
        var broker = new BrokerArguments(verb, isRequired: !isTool, otherwise: isTool ? "; without it an embedded one is started" : "");
        var port = new Option<int>("--port") { Description = "port of the embedded broker; 0 takes a free one", HelpName = "N" };
        var worker = new Option<string[]>("--worker") { Description = "run this worker only; may be given several times", Required = !isTool, HelpName = "ID" };
        var folder = new Option<string?>("--out") { Description = "folder for results and state; out/JOB by default", HelpName = "DIR" };
        var resume = new Option<bool>("--resume") { Description = "go on where an earlier run in the folder stopped" };
        var replay = new Option<string?>("--replay") { Description = "count the same workers in the same rounds as this result.json", HelpName = "RESULT" };
        var runtime = new Option<string?>("--runtime") { Description = $"what trains where the job names no runtime: {EnginesOf(parts)}", HelpName = "NAME" };
        var telemetry = new Option<string?>("--telemetry") { Description = "a JSON file with the list of telemetry datasets, or an agent's configuration that has one; they are collected from the broker", HelpName = "FILE" };
        runtime.Validators.Add(option => RunOptionChecks.Runtime(option, parts.Engines));
        port.Validators.Add(RunOptionChecks.Port);
        folder.Validators.Add(RunOptionChecks.Folder);
        foreach (var option in new Option[] { worker, runtime, folder, resume, replay, telemetry })
        {
            verb.Add(option);
        }

        if (isTool)
        {
            verb.Add(port);
        }

        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var workers = parsed.GetValue(worker) ?? [];
            if (arguments.Read(parsed, parts.Roles.Names, RolesOf(workers)) is not { } plan)
            {
                return ExitCode.BadJob;
            }

            RequireKnown(workers, plan);
            RequireData(plan);
            var request = new RunRequest
            {
                Mqtt = broker.Read(parsed),
                HasBroker = broker.IsGiven(parsed),
                Port = isTool ? parsed.GetValue(port) : 0,
                Workers = workers,
                Out = parsed.GetValue(folder) ?? Path.Combine("out", plan.Job.Name.Value),
                IsResume = parsed.GetValue(resume),
                Replay = parsed.GetValue(replay),
                Telemetry = parsed.GetValue(telemetry),
                IsJson = arguments.Format(parsed) == "json",
            };
            return await RunAsync(request, plan, Preferring(parsed.GetValue(runtime), parts), parsed.InvocationConfiguration, cancellationToken);
        });
        return verb;
    }

    private static string EnginesOf(HostParts parts) => string.Join(", ", parts.Engines.Select(engine => engine.Name));

    private static HostParts Preferring(string? runtime, HostParts parts) => parts with { Engines = [.. parts.Engines.OrderBy(engine => engine.Name != runtime)] };

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

    private static void RequireData(JobPlan plan)
    {
        if (plan.Job.Datasets.Values.FirstOrDefault(dataset => dataset.OnBoard is not null) is { } dataset)
        {
            throw new TopologyException($"dataset '{dataset.Id}' stands for what agents have on board ({dataset.OnBoard}), and run has no agents: submit the job to a controller with `flame-edge job submit`, or name the data's files");
        }
    }

    private static async Task<int> RunAsync(RunRequest request, JobPlan plan, HostParts parts, InvocationConfiguration streams, CancellationToken cancellationToken)
    {
        var talk = request.IsJson ? streams.Error : streams.Output;
        using var loggers = Loggers.ToError(streams.Error);
        var show = parts.Tool?.Live(talk, plan) ?? (work => work(new LineProgress(talk, plan)));
        var results = await new JobRun(request, plan, parts, loggers, talk).RunAsync(show, cancellationToken);
        if (results.Results.Count > 0)
        {
            Write([.. results.Results.OrderBy(result => result.Server, StringComparer.Ordinal)], results, request, parts, streams.Output);
        }
        else if (results.HasEvents && !request.IsJson)
        {
            streams.Output.WriteLine($"{plan.Job.Title}: over; what happened stands in {Path.GetFullPath(Path.Combine(request.Out, RunResults.EventsFile))}");
        }

        return ExitCode.Ok;
    }

    private static void Write(IReadOnlyList<JobResult> all, RunResults results, RunRequest request, HostParts parts, TextWriter output)
    {
        if (request.IsJson)
        {
            output.WriteLine(all is [var one] ? JsonSerializer.Serialize(one, RoundsJson.Default.JobResult) : JsonSerializer.Serialize(all, RoundsJson.Default.IReadOnlyListJobResult));
            return;
        }

        foreach (var result in all)
        {
            Show(result, parts, output);
        }

        output.WriteLine($"results in {Path.GetFullPath(request.Out)}: {string.Join(", ", results.Files)}");
    }

    private static void Show(JobResult result, HostParts parts, TextWriter output)
    {
        parts.Tool?.ShowRounds(output, result);
        output.WriteLine($"{result.Title}{(result.Server is { } server ? $", {server}" : string.Empty)}: {result.State} after {result.Rounds.Count} rounds, accuracy {Figures.Score((result.Rounds.Count > 0 ? result.Rounds[^1].Accuracy : null))}");
    }
}
