using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Cli.Canoe;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>canoe streams</c>: makes the streams that <c>canoe bench</c> would, and stores them for a job or for another implementation.</summary>
internal static class CanoeStreamsVerb
{
    public static Command Create()
    {
        var arguments = new StreamArguments();
        var verb = new Command("streams", "Make fresh streams of a workload and store them, for a job's canoe.stream or for bench --streams.");
        arguments.AddTo(verb, "out/streams", "folder for DATASET/WORKLOAD-sN.json.gz and DATASET/base-sN.json.gz");
        verb.SetAction((parsed, cancellationToken) =>
        {
            var plan = arguments.Read(parsed);
            foreach (var dataset in plan.ChosenDatasets(StreamArguments.Datasets))
            {
                var streams = StreamBench.Fresh(plan.Data ?? "", plan.SeedNumbers);
                foreach (var path in plan.ChosenWorkloads(streams.Workloads(dataset)).SelectMany(workload => streams.Store(dataset, workload, plan.Out)))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    parsed.InvocationConfiguration.Output.WriteLine(path);
                }
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return verb;
    }
}
