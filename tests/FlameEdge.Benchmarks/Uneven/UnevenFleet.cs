using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FlameEdge.Benchmarks.Rounds;
using FlameEdge.Cli;

namespace FlameEdge.Benchmarks.Uneven;

/// <summary>Time to 90 % on fleets of unlike devices: every worker with an agent and a connection of its own, lines that really carry so many bytes a second, devices that really take so long.</summary>
internal static partial class UnevenFleet
{
    private const double Target = 0.9;
    private const double FastBytes = 8e6;
    private const double SlowBytes = FastBytes / 10;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    public static async Task RunAsync(string data, int repeats, TextWriter writer, string[] names)
    {
        foreach (var group in UnevenCase.All.GroupBy(one => one.Group))
        {
            writer.WriteLine($"## {char.ToUpperInvariant(group.Key[0])}{group.Key[1..]}");
            writer.WriteLine();
            writer.WriteLine("| | seconds to 90 % | rounds | seconds a round | faster |");
            writer.WriteLine("|---|---:|---:|---:|---:|");
            double? first = null;
            foreach (var one in group.Where(one => names.Length == 0 || names.Contains(one.Name)))
            {
                List<(double Seconds, int Rounds)> runs = [];
                for (var repeat = 0; repeat < repeats; repeat++)
                {
                    runs.Add(await RunAsync(Path.Combine(data, "mnist"), one, repeat));
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{group.Key}, {one.Name}: {runs[^1].Seconds:0.0} s, {runs[^1].Rounds} rounds"));
                }

                var seconds = Median([.. runs.Select(run => run.Seconds)]);
                var rounds = Median([.. runs.Select(run => (double)run.Rounds)]);
                first ??= seconds;
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {one.Name} | {seconds:0.0} | {rounds:0} | {Median([.. runs.Select(run => run.Seconds / run.Rounds)]):0.00} | {first / seconds:0.00} × |"));
            }

            writer.WriteLine();
        }
    }

    private static async Task<(double Seconds, int Rounds)> RunAsync(string data, UnevenCase one, int seed)
    {
        var folder = Directory.CreateTempSubdirectory("uneven-fleet-").FullName;
        using var broker = await LoopbackBroker.StartAsync(folder);
        await using var slow = new Uplink(broker.Port, SlowBytes);
        await using var fast = new Uplink(broker.Port, FastBytes);
        try
        {
            var job = Path.Combine(folder, "job.yaml");
            await File.WriteAllTextAsync(job, $"{await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Uneven", "mnist.yaml"))}\n{one.Topology}\n{one.Rounds}\n");
            using var reached = new CancellationTokenSource(Longest);
            using var watch = new RoundWatch(reached.CancelAsync);
            var workers = await WorkersAsync(job, data);
            var running = workers.Select(worker => Task.Run(() => WorkAsync(worker))).ToList();
            await Task.WhenAll(running);
            return watch.Reached ?? throw new InvalidOperationException($"{one.Group}, {one.Name} did not come to {Target:P0}:\n{watch.Text}");

            async Task WorkAsync(UnevenWorker worker)
            {
                var address = one.UplinkOf(worker) switch { "slow" => slow.Address, "fast" => fast.Address, _ => broker.Address };
                using var other = new StringWriter();
                var output = worker.Role == "aggregator" ? watch : TextWriter.Synchronized(other);
                string[] arguments = ["run", job, "--broker", address, "--worker", worker.Id, "--out", Path.Combine(folder, worker.Id), "--set", $"data={data}", "--set", $"seed={seed}"];
                try
                {
                    await FlameEdgeHost.RunAsync(arguments, roles => roles.Add("paced-trainer", context => new PacedTrainer(context)), null, output, output, reached.Token);
                }
                catch (OperationCanceledException)
                {
                    // The target is reached.
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<UnevenWorker>> WorkersAsync(string job, string data)
    {
        using var said = new StringWriter();
        using var errors = new StringWriter();
        var code = await FlameEdgeHost.RunAsync(["topology", "expand", job, "--format", "json", "--set", $"data={data}"], roles => roles.Add("paced-trainer", context => new PacedTrainer(context)), null, said, errors, CancellationToken.None);
        if (code != 0)
        {
            throw new InvalidOperationException(errors.ToString());
        }

        using var plan = JsonDocument.Parse(said.ToString());
        return [.. plan.RootElement.GetProperty("workers").EnumerateArray().Select(worker => new UnevenWorker(worker.GetProperty("id").GetString()!, worker.GetProperty("role").GetString()!, worker.GetProperty("dataset").GetString()))]; // As the verb writes them.
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    [GeneratedRegex(@"^round (?<round>\d+)/\d+  accuracy (?<accuracy>[\d.]+).*?  (?<seconds>[\d.]+) s\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RoundLine();

    /// <summary>Reads the aggregator's lines as they come.</summary>
    private sealed class RoundWatch(Func<Task> stop) : StringWriter(CultureInfo.InvariantCulture)
    {
        private readonly Lock gate = new();
        private readonly StringBuilder text = new();
        private double seconds;

        public (double Seconds, int Rounds)? Reached { get; private set; }

        public string Text => text.ToString();

        public override void WriteLine(string? value)
        {
            lock (gate)
            {
                text.AppendLine(value);
                if (Reached is null && RoundLine().Match(value ?? string.Empty) is { Success: true } line)
                {
                    seconds += double.Parse(line.Groups["seconds"].Value, CultureInfo.InvariantCulture);
                    if (double.Parse(line.Groups["accuracy"].Value, CultureInfo.InvariantCulture) >= Target)
                    {
                        Reached = (seconds, int.Parse(line.Groups["round"].Value, CultureInfo.InvariantCulture));
                        _ = stop();
                    }
                }
            }
        }

        public override void Write(string? value)
        {
            lock (gate)
            {
                text.Append(value);
            }
        }
    }
}
