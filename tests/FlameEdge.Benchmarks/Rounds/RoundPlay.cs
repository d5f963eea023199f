using System.Diagnostics;
using System.Globalization;
using FlameEdge.RoundWorker;
using FlameEdge.Topology;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>Plays a case in processes of its own against a broker of its own, with the floor before and after it.</summary>
/// <param name="program">The workers' program: tests/FlameEdge.RoundWorker, published.</param>
/// <param name="floorScript">tests/round-floor.sh.</param>
/// <param name="folder">Where state and the floor's files lie.</param>
internal sealed class RoundPlay(string program, string floorScript, string folder)
{
    // The first rounds of a process fill its caches and pools.
    private const int WarmUp = 2;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    /// <summary>Plays it.</summary>
    /// <param name="played">The case.</param>
    /// <param name="withFloor">Whether the floor is measured.</param>
    /// <param name="killInRound">The counted round in whose uploads the broker is killed and started again; 0 for none.</param>
    public async Task<RoundFigures> RunAsync(RoundCase played, bool withFloor = true, int killInRound = 0)
    {
        using var broker = await LoopbackBroker.StartAsync(folder);
        var floor = new RoundFloor(floorScript, broker, folder);
        var job = played.Job;
        var floors = new List<double>();
        await MeasureFloorAsync((job.Rounds + 1) / 2);

        var state = Path.Combine(folder, "state");
        var samples = new List<Sample>();
        var before = ProcessUse.Loopback().Bytes;
        List<WorkerProcess> processes = [Start([RoundJob.TopWorker]), .. MiddlesByProcess().Select(Start), .. TrainersByProcess().Select(Start)];
        try
        {
            for (var round = 1; round <= job.Rounds + WarmUp; round++)
            {
                var next = processes[0].NextAsync("round");
                if (killInRound > 0 && round == killInRound + WarmUp)
                {
                    await UntilMidUploadAsync(samples[^1].Loopback, next);
                    await broker.KillAndRestartAsync();
                }

                samples.Add(Take(await next));
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
        Directory.Delete(state, recursive: true);
        var steps = samples.Zip(samples.Skip(1)).Skip(WarmUp - 1).ToList();
        return new RoundFigures
        {
            Case = played,
            Seconds = [.. steps.Select(step => Stopwatch.GetElapsedTime(step.First.At, step.Second.At).TotalSeconds)],
            FloorSeconds = floors,
            AggregatorCpuSeconds = [.. steps.Select(step => step.Second.TopCpu - step.First.TopCpu)],
            WorkersCpuSeconds = [.. steps.Select(step => step.Second.AllCpu - step.First.AllCpu)],
            BrokerCpuSeconds = [.. steps.Select(step => step.Second.BrokerCpu - step.First.BrokerCpu)],
            LoopbackBytes = [.. steps.Select(step => (double)(step.Second.Loopback - step.First.Loopback))],
            LoopbackBytesInAll = samples[^1].Loopback - before,
            LoopbackPackets = [.. steps.Select(step => (double)(step.Second.Packets - step.First.Packets))],
            Counted = samples[^1].Counted,
            Model = samples[^1].Model,
            AggregatorPeakBytes = processes[0].PeakBytes,
            TrainerPeakBytes = processes.Skip(processes.Count - played.Processes).Max(process => process.PeakBytes),
        };

        WorkerProcess Start(IReadOnlyList<WorkerId> workers) => new(program, broker.Address, job with { Rounds = job.Rounds + WarmUp }, workers, Path.Combine(state, workers[0].Value));

        IEnumerable<WorkerId[]> TrainersByProcess() => Enumerable.Range(0, job.Trainers).Select(RoundJob.TrainerWorker).Chunk((job.Trainers + played.Processes - 1) / played.Processes);

        // A crowd's middle aggregators share one process, as its trainers do.
        IEnumerable<WorkerId[]> MiddlesByProcess() => Enumerable.Range(0, job.Groups).Select(RoundJob.MiddleWorker).Chunk(played.Processes < job.Trainers ? Math.Max(1, job.Groups) : 1);

        async Task MeasureFloorAsync(int count)
        {
            for (var index = 0; withFloor && index < count; index++)
            {
                floors.Add(await floor.MeasureAsync(job.Bytes, job.Trainers));
            }
        }

        Sample Take(string[] line)
        {
            var (bytes, packets) = ProcessUse.Loopback();
            return new(long.Parse(line[2], CultureInfo.InvariantCulture), processes[0].CpuSeconds, processes.Sum(process => process.CpuSeconds), ProcessUse.CpuSecondsOf(broker.ProcessId), bytes, packets, int.Parse(line[3], CultureInfo.InvariantCulture), line[6]);
        }

        async Task UntilMidUploadAsync(long roundBegan, Task round)
        {
            var enough = job.Bytes * (1 + job.Trainers) + (job.Bytes * job.Trainers);
            while (!round.IsCompleted && ProcessUse.Loopback().Bytes - roundBegan < enough)
            {
                await Task.Delay(LookEvery, TimeProvider.System);
            }
        }
    }

    private readonly record struct Sample(long At, double TopCpu, double AllCpu, double BrokerCpu, long Loopback, long Packets, int Counted, string Model);
}
