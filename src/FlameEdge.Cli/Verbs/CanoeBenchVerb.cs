using System.CommandLine;
using System.Globalization;
using FlameEdge.Agent;
using FlameEdge.Cli.Canoe;
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
        var methods = new Option<string[]>("--methods") { Description = $"one or several of {string.Join(", ", StreamBench.Methods)}; by default all for W1, canoe for the others", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        var jobs = new Option<int>("--jobs") { Description = "seeds run at a time", HelpName = "N", DefaultValueFactory = _ => 1 };
        var format = new Option<string>("--format") { Description = "table or json", HelpName = "NAME", DefaultValueFactory = _ => "table" };
        methods.AcceptOnlyFromAmong([.. StreamBench.Methods]);
        format.AcceptOnlyFromAmong("table", "json");
        var verb = new Command("bench", "Run a workload alone, federated and with borrowed knowledge on the same streams, and write a report.");
        arguments.AddTo(verb, "out/canoe", "folder for canoe.md and its pictures");
        foreach (var option in new Option[] { streams, methods, jobs, format })
        {
            verb.Add(option);
        }

        verb.SetAction((parsed, cancellationToken) =>
        {
            var plan = arguments.Read(parsed) with
            {
                Streams = parsed.GetValue(streams),
                Methods = parsed.GetValue(methods)!, // Defaults stand in.
                Jobs = StreamArguments.Within("--jobs", parsed.GetValue(jobs), 1, Math.Max(1, Environment.ProcessorCount)),
            };
            return Task.Run(() => Run(plan, parsed.GetValue(format) == "json", parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, cancellationToken), cancellationToken);
        });
        return verb;
    }

    private static int Run(BenchPlan plan, bool isJson, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var datasets = plan.ChosenDatasets(StreamArguments.Datasets);
        Directory.CreateDirectory(plan.Out);
        var progress = new CanoeProgress(error, plan.RunCount(datasets));
        var report = new CanoeReport(plan.Out);
        Dictionary<string, float> rates = new(StringComparer.Ordinal);
        List<StreamFigures> figures = [];
        progress.Around(() =>
        {
            foreach (var dataset in datasets)
            {
                rates[dataset] = Bench(StreamBench.Fresh(plan.Data ?? "", s_tuningSeeds)).TunedRate(dataset, cancellationToken);
                var bench = Bench(plan.Streams is null ? StreamBench.Fresh(plan.Data ?? "", plan.SeedNumbers) : new StreamBench(plan.Streams, plan.Data ?? ""));
                foreach (var name in plan.ChosenWorkloads(bench.Workloads(dataset)))
                {
                    figures.AddRange(bench.Run(dataset, name, plan.MethodsFor(name), rates[dataset], cancellationToken));
                    report.Write(plan.Head(), rates, figures); // What is known so far: a long run may be cut short.
                }
            }
        });

        if (figures.Count == 0)
        {
            throw new TopologyException($"{plan.Streams} holds no {plan.Workload} of {string.Join(", ", datasets)}");
        }

        if (isJson)
        {
            CanoeJson.Write(output, rates, figures);
            return ExitCode.Ok;
        }

        Show(output, figures);
        output.WriteLine($"report: {report.Path}");
        return ExitCode.Ok;

        StreamBench Bench(StreamBench bench)
        {
            bench.Jobs = plan.Jobs;
            bench.Progress = progress.Report;
            return bench;
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
