using System.Globalization;
using FlameEdge.Collaborative.Roles;
using FlameEdge.Scenarios.Fleet;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

[Trait("Category", "Golden")]
public class CanoeIdleTests
{
    private const int Sites = 5;

    // Fixed header, lengths and packet id of what the broker sends us: at least so much.
    private const int SysOverhead = 6;

    // Not in ./test: in about every second run 24 kB more fall into these seconds, all at once, and it is not yet known whose they are.
    [Fact(Explicit = true)]
    public async Task In_a_world_that_does_not_change_a_site_moves_less_than_five_bytes_a_batch()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["job.json"], CanoeJobs.Stored("digits/W6-s0", "mqtt", """ "batchesPerSecond": 40, """), TestContext.Current.CancellationToken);
        await using var broker = await Mosquitto.StartAsync(new MosquittoSetup { More = ["sys_interval 1"] });
        await using var observer = await PlainClient.ConnectAsync(broker.Port, "observer", null);
        await observer.SubscribeAsync("$SYS/broker/bytes/+");
        await using var run = WorkerProcess.Start(["run", folder["job.json"], "--broker", $"mqtt://127.0.0.1:{broker.Port}", "--out", folder["out"]]);

        // From the 60th batch, when everybody has announced itself, and until long before anybody takes leave, for the broker counts only every second or two (80 batches): all that the broker takes in and gives out, whatever for, but for our looking on.
        var (first, start) = await AtBatchAsync(folder["out", "events.jsonl"], 60, observer, run);
        var (last, end) = await AtBatchAsync(folder["out", "events.jsonl"], 200, observer, run);
        var (code, _, error) = await run.EndAsync();

        Assert.True(code == 0, error);
        var perBatch = (double)(end - start) / (last - first) / Sites;
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{perBatch:0.00} bytes per batch and site"));
        Assert.True(perBatch < 5, string.Create(CultureInfo.InvariantCulture, $"{perBatch:0.00} bytes per batch and site: {end - start} bytes in {last - first} batches of {Sites} sites"));
        Assert.True(last - first > 50, $"only {last - first} batches were measured");
    }

    // The batch the target is at, and what the broker has moved by its next own count.
    private static async Task<(long Batch, long Bytes)> AtBatchAsync(string events, long wanted, PlainClient observer, RunningProgram run)
    {
        while (true)
        {
            if (File.Exists(events) && Batch(events) is var batch && batch >= wanted)
            {
                var before = observer.Heard.Count;
                var received = await observer.UntilAsync(message => observer.Heard.Skip(before).Contains(message) && message.Topic.EndsWith("received", StringComparison.Ordinal), "the broker's count");
                var sent = await observer.UntilAsync(message => observer.Heard.Skip(before).Contains(message) && message.Topic.EndsWith("sent", StringComparison.Ordinal), "the broker's count");
                var ours = observer.Heard.Sum(message => message.Topic.Length + message.Text.Length + SysOverhead);
                return (Batch(events), long.Parse(received.Text, CultureInfo.InvariantCulture) + long.Parse(sent.Text, CultureInfo.InvariantCulture) - ours);
            }

            Assert.False(run.HasEnded, "the run ended before it had come so far");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static long Batch(string events)
    {
        using var file = new StreamReader(new FileStream(events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd().Split('\n').Select(line => CanoeEvent.Read(System.Text.Encoding.UTF8.GetBytes(line))).Where(happened => happened is { Event: "score", Site: CanoeProcesses.Target }).Max(happened => happened?.Batch) ?? -1;
    }
}
