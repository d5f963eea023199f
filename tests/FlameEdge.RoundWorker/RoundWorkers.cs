using System.Diagnostics;
using System.Globalization;
using FlameEdge.Hosting;
using FlameEdge.LiteDb;
using FlameEdge.Models;
using FlameEdge.Mqtt;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.RoundWorker;

/// <summary>A process of workers of a <see cref="RoundJob"/>, each with its own session and memory: the real code on an engine that learns nothing.</summary>
public static class RoundWorkers
{
    /// <summary>Runs workers until the job is over; tells every round of the top on the standard output, and the process's peak memory at the end.</summary>
    public static async Task RunAsync(string broker, RoundJob job, IReadOnlyList<WorkerId> workers, string folder)
    {
        var options = new MqttOptions { Broker = new Uri(broker), StartTimeout = TimeSpan.FromMinutes(1) };
        options.Transfer.AssemblyFolder = Path.Combine(folder, "incoming");
        await using var fleet = new MqttFleet(options, TimeProvider.System, NullLoggerFactory.Instance);
        await using var state = LiteDbStateStore.Open(folder, NullLogger.Instance);
        await new JobRunner(new JobSetup
        {
            Plan = job.Plan(),
            Workers = workers,
            Roles = StandardRoles.Catalog(),
            Engines = [new EchoEngine()],
            LoadAsync = (spec, _) => Task.FromResult(new Dataset(spec.Id.Value, [1], 1, new float[1], new int[1])),
            State = state,
            Backends = new Dictionary<string, FlameEdge.Channels.IChannelBackend> { [fleet.Name] = fleet, [fleet.Direct.Name] = fleet.Direct },
            Observer = new Teller(),
        }).RunAsync(CancellationToken.None);
        Tell($"peak {ProcessUse.PeakBytesOf(Environment.ProcessId)}");
    }

    private static void Tell(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }

    private sealed class Teller : IJobObserver
    {
        public void Say(WorkerId worker, string line) => Console.Error.WriteLine(line);

        public void RoundEnded(WorkerId worker, RoundResult round) =>
            Tell(string.Create(CultureInfo.InvariantCulture, $"round {round.Round} {Stopwatch.GetTimestamp()} {round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)} {round.BytesUp} {round.BytesDown} {round.Model}"));

        public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
        {
            // Counts are in the result.
        }

        public void JobEnded(WorkerId worker, JobEnd end)
        {
            // The process ends with it.
        }
    }
}
