using System.CommandLine;
using System.Globalization;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Canoe;
using FlameEdge.Cli.Canoe.Broker;
using FlameEdge.Cli.Output;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Diagnostics;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>canoe bench</c>: what borrowing knowledge is worth, beside learning alone, federated learning and other ways to borrow.</summary>
internal static class CanoeBenchVerb
{
    // Far from any seed that is reported: the isolated learner's rate is chosen on these.
    private static readonly int[] s_tuningSeeds = [2000, 2001, 2002, 2003, 2004];

    public static Command Create()
    {
        var arguments = new StreamArguments();
        var streams = new Option<string?>("--streams") { Description = "folder of stored streams, run in place of fresh ones", HelpName = "FOLDER" };
        var methods = new Option<string[]>("--methods") { Description = $"one or several of {string.Join(", ", StreamBench.Methods)}; by default all for W1, canoe for the others; for W7 of {string.Join(", ", StreamBench.BadShares)} (% of bad packets), by default all", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        var rate = new Option<float?>("--isolated-rate") { Description = "the isolated learner's step length; tuned on other seeds by default", HelpName = "R" };
        var jobs = new Option<int>("--jobs") { Description = "seeds run at a time", HelpName = "N", DefaultValueFactory = _ => 1 };
        var format = new Option<string>("--format") { Description = "table or json", HelpName = "NAME", DefaultValueFactory = _ => "table" };
        var broker = new Option<Uri?>("--broker") { Description = "mqtt://host:port of the broker for --broker-seeds, which is not used otherwise, without TLS and login; one within this process by default. A relay of this process stands before its port and counts", HelpName = "URL", CustomParser = RunOptionChecks.Broker };
        var played = new Option<int>("--broker-seeds") { Description = "how many seeds of each workload are played over a broker too, a process per site, every byte counted at its port", HelpName = "N", DefaultValueFactory = _ => 0 };
        format.AcceptOnlyFromAmong("table", "json");
        var verb = new Command("bench", "Run a workload alone, federated and with borrowed knowledge on the same streams, and write a report.");
        arguments.AddTo(verb, "out/canoe", "folder for canoe.md and its pictures");
        foreach (var option in new Option[] { streams, methods, rate, broker, played, jobs, format })
        {
            verb.Add(option);
        }

        verb.SetAction((parsed, cancellationToken) =>
        {
            var plan = arguments.Read(parsed) with
            {
                Streams = parsed.GetValue(streams),
                Methods = [.. parsed.GetValue(methods)!.Select(name => StreamArguments.OneOf("method", name, [.. StreamBench.Methods, .. StreamBench.BadShares]))], // Defaults stand in.
                IsolatedRate = parsed.GetValue(rate) is { } given and not (> 0 and <= 10) ? throw new TopologyException($"--isolated-rate must be above 0 and at most 10, not {given}") : parsed.GetValue(rate),
                BrokerUri = parsed.GetValue(broker),
                BrokerSeeds = StreamArguments.Within("--broker-seeds", parsed.GetValue(played), 0, 100),
                Jobs = StreamArguments.Within("--jobs", parsed.GetValue(jobs), 1, Math.Max(1, Environment.ProcessorCount)),
            };
            return Task.Run(() => RunAsync(plan, parsed.GetValue(format) == "json", parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, cancellationToken), cancellationToken);
        });
        return verb;
    }

    private static async Task<int> RunAsync(BenchPlan plan, bool isJson, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var datasets = plan.ChosenDatasets(StreamArguments.Datasets);
        Directory.CreateDirectory(plan.Out);
        var progress = new CanoeProgress(error, plan.RunCount(datasets));
        var report = new CanoeReport(plan.Out);
        var broker = plan.BrokerSeeds > 0 ? new BrokerReport() : null;
        Dictionary<string, float> rates = new(StringComparer.Ordinal);
        List<StreamFigures> figures = [];
        await progress.AroundAsync(async () =>
        {
            foreach (var dataset in datasets)
            {
                rates[dataset] = plan.IsolatedRate ?? Bench(StreamBench.Fresh(plan.Data ?? "", s_tuningSeeds)).TunedRate(dataset, cancellationToken);
                var bench = Bench(plan.Streams is null ? StreamBench.Fresh(plan.Data ?? "", plan.SeedNumbers) : new StreamBench(plan.Streams, plan.Data ?? ""));
                foreach (var name in plan.ChosenWorkloads(bench.Workloads(dataset)))
                {
                    figures.AddRange(bench.Run(dataset, name, plan.MethodsFor(name), rates[dataset], cancellationToken));
                    report.Write(plan.Head(), rates, figures, broker); // What is known so far: a long run may be cut short.
                    foreach (var of in figures.Where(of => broker is not null && plan.IsPlayed(name) && of.Dataset == dataset && of.Workload == name && (of.Method == "canoe" || name == "W7")).ToArray())
                    {
                        await PlayAsync(plan, bench, of, rates[dataset], broker!, cancellationToken); // Not null where anything is played.
                        report.Write(plan.Head(), rates, figures, broker);
                    }
                }
            }
        });

        if (figures.Count == 0)
        {
            throw new TopologyException($"{plan.Streams} holds no {plan.Workload} of {string.Join(", ", datasets)}");
        }

        if (isJson)
        {
            CanoeJson.Write(output, rates, figures, broker);
            return ExitCode.Ok;
        }

        Show(output, figures);
        output.WriteLine($"report: {report.Path}");
        return ExitCode.Ok;

        StreamBench Bench(StreamBench bench)
        {
            (bench.Jobs, bench.Progress) = (plan.Jobs, progress.Report);
            return bench;
        }
    }

    // The same seeds once more, by separate processes over a broker; and a federated job of the same size, once per dataset.
    private static async Task PlayAsync(BenchPlan plan, StreamBench bench, StreamFigures canoe, float rate, BrokerReport report, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(plan.Out, "broker");
        var player = new BrokerBench(plan.BrokerUri, folder, plan.Data);
        var (layers, sites) = bench.Shape(canoe.Dataset, canoe.Workload);
        var all = canoe.Seeds[0].Method.Count;

        // Half as long as well, where nothing changes: what the second half adds is what being there costs.
        foreach (var batches in canoe.Workload == "W6" ? new[] { all / 2, all } : [all])
        {
            var streams = bench.Store(canoe.Dataset, canoe.Workload, Path.Combine(folder, $"streams-{batches}"), batches);
            foreach (var (seed, stream) in canoe.Seeds.Zip(streams).Take(plan.BrokerSeeds))
            {
                report.Runs.Add(await player.PlayAsync(canoe.Dataset, canoe.Workload, canoe.Workload == "W7" ? canoe.Method : null, seed, stream, batches, rate, sites, cancellationToken));
            }
        }

        if (canoe.Workload == "W1")
        {
            report.Federated[canoe.Dataset] = (await player.FederateAsync(layers, codec: null, cancellationToken), await player.FederateAsync(layers, "{ up: top-k 1% + int8, down: delta + top-k 1% + int8 }", cancellationToken));
        }
    }

    private static void Show(TextWriter output, List<StreamFigures> figures)
    {
        var table = Terminal.Table("dataset", "workload", "method", "median ×", "means ×", "batches 1–30", "worst seed", "bytes");
        foreach (var of in figures)
        {
            table.AddRow(of.Dataset, of.Workload, of.Method, Say(of.MedianRatio, "0.0"), Say(of.RatioOfMeans, "0.0"), $"{Say(of.Area.Isolated, "0.000")} → {Say(of.Area.Method, "0.000")}", Say(of.WorstSeed, "+0.000;-0.000;0.000"), Say(of.PayloadBytes, "0"));
        }

        Terminal.Show(output, table);
    }

    private static string Say(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
