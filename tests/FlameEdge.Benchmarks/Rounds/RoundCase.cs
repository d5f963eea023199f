using System.Diagnostics;
using System.Globalization;
using FlameEdge.Topology;
using FlameEdge.RoundWorker;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>One row of the matrix: the floor and our rounds, measured one after the other against the same broker.</summary>
internal static class RoundCase
{
    // The first round of a process is mostly the runtime compiling itself.
    private const int WarmUp = 2;

    /// <summary>Plays a job in processes of its own.</summary>
    /// <param name="program">The program of the workers: tests/FlameEdge.RoundWorker, published.</param>
    /// <param name="broker">Whom they all meet.</param>
    /// <param name="floor">Measures the floor, or null to leave it out.</param>
    /// <param name="job">Its <see cref="RoundJob.Rounds"/> are those that are counted; two more go before.</param>
    /// <param name="folder">Where the processes keep their state.</param>
    public static async Task<RoundFigures> PlayAsync(string program, LoopbackBroker broker, RoundFloor? floor, RoundJob job, string folder)
    {
        var floors = new List<double>();
        await MeasureFloorAsync((job.Rounds + 1) / 2);
        var played = job with { Rounds = job.Rounds + WarmUp };
        var processes = new List<WorkerProcess>();
        var samples = new List<Sample>();
        try
        {
            processes.Add(Start(RoundJob.TopWorker));
            processes.AddRange(Enumerable.Range(0, job.Groups).Select(index => Start(RoundJob.MiddleWorker(index))));
            processes.AddRange(Enumerable.Range(0, job.Trainers).Select(index => Start(RoundJob.TrainerWorker(index))));
            for (var round = 0; round < played.Rounds; round++)
            {
                var line = await processes[0].NextAsync("round");
                samples.Add(new(long.Parse(line[2], CultureInfo.InvariantCulture), processes[0].CpuSeconds, processes.Sum(process => process.CpuSeconds), ProcessUse.CpuSecondsOf(broker.ProcessId), ProcessUse.LoopbackBytes(), int.Parse(line[3], CultureInfo.InvariantCulture), line[6]));
            }

            foreach (var process in processes)
            {
                await process.EndAsync();
            }
        }
        finally
        {
            processes.ForEach(process => process.Dispose());
        }

        await MeasureFloorAsync(job.Rounds / 2);
        Directory.Delete(folder, recursive: true);
        var steps = samples.Zip(samples.Skip(1)).Skip(WarmUp - 1).ToList();
        return new RoundFigures
        {
            Job = job,
            Seconds = [.. steps.Select(step => Stopwatch.GetElapsedTime(step.First.At, step.Second.At).TotalSeconds)],
            FloorSeconds = floors,
            AggregatorCpuSeconds = [.. steps.Select(step => step.Second.TopCpu - step.First.TopCpu)],
            AllCpuSeconds = [.. steps.Select(step => step.Second.AllCpu - step.First.AllCpu)],
            BrokerCpuSeconds = [.. steps.Select(step => step.Second.BrokerCpu - step.First.BrokerCpu)],
            LoopbackBytes = [.. steps.Select(step => (double)(step.Second.Loopback - step.First.Loopback))],
            Counted = samples[^1].Counted,
            Model = samples[^1].Model,
            AggregatorPeakBytes = processes[0].PeakBytes,
            TrainerPeakBytes = processes.Skip(1 + job.Groups).Max(process => process.PeakBytes),
        };

        WorkerProcess Start(WorkerId worker) => new(program, broker.Address, played, [worker], Path.Combine(folder, worker.Value));

        async Task MeasureFloorAsync(int count)
        {
            for (var index = 0; floor is not null && index < count; index++)
            {
                floors.Add(await floor.MeasureAsync(job.Bytes, job.Trainers));
            }
        }
    }

    private readonly record struct Sample(long At, double TopCpu, double AllCpu, double BrokerCpu, long Loopback, int Counted, string Model);
}
