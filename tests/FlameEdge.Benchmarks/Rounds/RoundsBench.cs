using System.Globalization;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>Whole rounds with trainers that learn nothing, in separate processes against mosquitto on the loopback: one row of a table for each case.</summary>
internal static class RoundsBench
{
    // State lies in memory, as the floor's files do: what is measured is not a disk. Of a large model the processes alone fill the memory, and its state goes to one.
    private const string Memory = "/dev/shm";
    private const long LargeBytes = 200_000_000;

    /// <summary>Plays cases and writes a row for each: case, seconds, floor's seconds, ratio, processor seconds of the aggregator, of all workers and of the broker, MB on the loopback,
    /// of those needed, peak MB of the aggregator and of a trainers' process, counted, segments, each round's seconds.</summary>
    /// <param name="output">Where rows go.</param>
    /// <param name="program">The published worker.</param>
    /// <param name="floorScript">tests/round-floor.sh; empty to leave the floor out.</param>
    /// <param name="rounds">Rounds counted of each.</param>
    /// <param name="cases">As <see cref="RoundCase.Read"/> takes them.</param>
    public static async Task RunAsync(TextWriter output, string program, string floorScript, int rounds, IReadOnlyList<string> cases)
    {
        foreach (var played in cases.Select(text => RoundCase.Read(text, rounds)))
        {
            await InFolderAsync(played, async (folder, _) =>
            {
                output.WriteLine(Row(await new RoundPlay(program, floorScript, folder).RunAsync(played, withFloor: floorScript.Length > 0)));
                output.Flush();
                return true;
            });
        }
    }

    /// <summary>Plays a case undisturbed and once more with the broker killed in the middle of the uploads of its last round; both end with the same model, or this fails.</summary>
    public static Task<bool> KillAsync(TextWriter output, string program, int rounds, string text) => InFolderAsync(RoundCase.Read(text, rounds), async (folder, played) =>
    {
        var play = new RoundPlay(program, string.Empty, folder);
        var calm = await play.RunAsync(played, withFloor: false);
        var killed = await play.RunAsync(played, withFloor: false, killInRound: rounds);
        var uploads = 2.0 * played.Job.Bytes * played.Job.Trainers;
        var again = killed.LoopbackBytes[^1] - RoundFigures.Median(calm.LoopbackBytes);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {played} | {RoundFigures.Median(calm.Seconds):0.00} | {killed.Seconds[^1]:0.00} | {again / 1e6:0.0} | {again / uploads:0.0%} | {killed.Counted} | {(killed.Model == calm.Model ? "identical" : "DIFFERENT")} |"));
        output.Flush();
        return killed.Model == calm.Model;
    });

    private static async Task<bool> InFolderAsync(RoundCase played, Func<string, RoundCase, Task<bool>> action)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Directory.Exists(Memory) && played.Job.Bytes < LargeBytes ? Memory : Path.GetTempPath(), $"flameedge-rounds-{Environment.ProcessId}")).FullName;
        try
        {
            return await action(folder, played);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Row(RoundFigures figures)
    {
        var (job, bytes) = (figures.Case.Job, RoundFigures.Median(figures.LoopbackBytes));
        var needed = job.Codec == "float32" ? bytes / job.NeededBytes : double.NaN;
        return string.Create(CultureInfo.InvariantCulture,
            $"| {figures.Case} | {RoundFigures.Median(figures.Seconds):0.000} | {RoundFigures.Median(figures.FloorSeconds):0.000} | {figures.Ratio:0.00} | {RoundFigures.Median(figures.AggregatorCpuSeconds):0.00} | {RoundFigures.Median(figures.WorkersCpuSeconds):0.00} | {RoundFigures.Median(figures.BrokerCpuSeconds):0.00} | {bytes / 1e6:0.0} | {needed:0.000} | {figures.AggregatorPeakBytes / 1e6:0} | {figures.TrainerPeakBytes / 1e6:0} | {figures.Counted} | {RoundFigures.Median(figures.LoopbackPackets):0} | {string.Join(" ", figures.Seconds.Select(second => second.ToString("0.00", CultureInfo.InvariantCulture)))} |");
    }
}
