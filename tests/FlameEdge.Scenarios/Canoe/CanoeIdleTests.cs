using System.Globalization;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Mqtt.Metering;
using FlameEdge.Scenarios.Fleet;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

[Trait("Category", "Golden")]
public class CanoeIdleTests
{
    private const int Sites = 5;
    private const int First = 150;
    private const int Last = 270;

    // Counted on the wire and not by the broker: its own count is up to three seconds old, and what the sites say when they take leave has fallen into it.
    [Fact]
    public async Task In_a_world_that_does_not_change_a_site_moves_less_than_five_bytes_a_batch()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["job.json"], CanoeJobs.Stored("digits", "W6", "mqtt", """ "batchesPerSecond": 30, """), TestContext.Current.CancellationToken);
        await using var broker = await Mosquitto.StartAsync();
        await using var relay = BrokerRelay.Start(new Uri($"mqtt://127.0.0.1:{broker.Port}"));
        await using var run = WorkerProcess.Start(["run", folder["job.json"], "--broker", relay.Uri.ToString().TrimEnd('/'), "--out", folder["out"]]);

        // From the 150th batch, five seconds on, when everybody has announced itself on a busy machine too, to the 270th of 300, before anybody takes leave.
        var start = await AtBatchAsync(folder["out", "events.jsonl"], First, relay, run);
        var end = await AtBatchAsync(folder["out", "events.jsonl"], Last, relay, run);
        var (code, _, error) = await run.EndAsync();

        Assert.True(code == 0, error);
        Assert.True(start.Values.Sum() > 10_000, "joining has not been counted: is the relay in the way?");
        var moved = end.ToDictionary(pair => pair.Key, pair => pair.Value - start.GetValueOrDefault(pair.Key));
        moved.Remove(WireKind.KeepAlive);
        var perBatch = (double)moved.Values.Sum() / (Last - First) / Sites;
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{perBatch:0.00} bytes per batch and site"));
        Assert.True(perBatch < 5, string.Create(CultureInfo.InvariantCulture, $"{perBatch:0.00} bytes per batch and site: {string.Join(", ", moved.Where(pair => pair.Value > 0).Select(pair => $"{pair.Key.Name} {pair.Key.Channel} {pair.Value}"))}"));
    }

    // All that has passed the broker's port when the target is at that batch.
    private static async Task<IReadOnlyDictionary<WireKind, long>> AtBatchAsync(string events, long wanted, BrokerRelay relay, RunningProgram run)
    {
        while (!File.Exists(events) || Batch(events) < wanted)
        {
            Assert.False(run.HasEnded, "the run ended before it had come so far");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return relay.Bytes;
    }

    private static long Batch(string events)
    {
        using var file = new StreamReader(new FileStream(events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd().Split('\n').Select(line => CanoeEvent.Read(System.Text.Encoding.UTF8.GetBytes(line))).Where(happened => happened is { Event: "score", Site: CanoeProcesses.Target }).Max(happened => happened?.Batch) ?? -1;
    }
}
