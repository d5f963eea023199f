using System.Globalization;
using FlameEdge.RoundWorker;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>Whole rounds with trainers that learn nothing, in separate processes against mosquitto on the loopback.</summary>
internal static class RoundsBench
{
    // State lies in memory, as the floor's files do: what is measured is not a disk.
    private const string Memory = "/dev/shm";

    /// <summary>Plays every case of <paramref name="cases"/>, written <c>MB×trainers[/groups]</c> with an x, and prints a line for each.</summary>
    public static async Task RunAsync(TextWriter output, string program, string script, int rounds, IReadOnlyList<string> cases)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"flameedge-rounds-{Environment.ProcessId}")).FullName;
        try
        {
            foreach (var text in cases)
            {
                using var broker = await LoopbackBroker.StartAsync(folder);
                var figures = await RoundCase.PlayAsync(program, broker, new RoundFloor(script, broker, folder), Read(text, rounds), Path.Combine(folder, "state"));
                output.WriteLine(Line(text, figures));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static RoundJob Read(string text, int rounds)
    {
        var parts = text.Split('x', '/');
        return new RoundJob((long)(1e6 * double.Parse(parts[0], CultureInfo.InvariantCulture)), int.Parse(parts[1], CultureInfo.InvariantCulture), parts.Length > 2 ? int.Parse(parts[2], CultureInfo.InvariantCulture) : 0, rounds);
    }

    private static string Line(string name, RoundFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{name}: {RoundFigures.Median(figures.Seconds):0.000} s, floor {RoundFigures.Median(figures.FloorSeconds):0.000} s, ratio {figures.Ratio:0.00}, aggregator {RoundFigures.Median(figures.AggregatorCpuSeconds):0.00} CPU s, workers {RoundFigures.Median(figures.AllCpuSeconds):0.00}, broker {RoundFigures.Median(figures.BrokerCpuSeconds):0.00}, loopback {RoundFigures.Median(figures.LoopbackBytes) / figures.Job.NeededBytes:0.000} of needed, peak {figures.AggregatorPeakBytes / 1e6:0} MB aggregator, {figures.TrainerPeakBytes / 1e6:0} MB trainer, counted {figures.Counted}, model {figures.Model[..8]} [{string.Join(" ", figures.Seconds.Select(second => second.ToString("0.00", CultureInfo.InvariantCulture)))}]");
}
