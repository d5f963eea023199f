using System.Text.Json;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Cli.Tests.Canoe;

/// <summary>The same workload over a broker with separate processes.</summary>
public sealed class CanoeBrokerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Bad_packets_over_mosquitto_are_judged_as_in_memory()
    {
        await using var broker = await Mosquitto.StartAsync();
        var outcome = await Outcome.OfAsync("canoe", "bench", "W7", "--dataset", "sensors", "--isolated-rate", "0.05", "--seeds", "1", "--methods", "50", "--broker-seeds", "1", "--broker", $"mqtt://127.0.0.1:{broker.Port}", "--format", "json", "--out", folder["out"]);

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        using var json = JsonDocument.Parse(outcome.Output);
        var run = Assert.Single(json.RootElement.GetProperty("broker").EnumerateArray());
        Assert.Equal("W7-50", run.GetProperty("workload").GetString());
        Assert.True(run.GetProperty("isAsInMemory").GetBoolean(), "another accuracy than in memory");
        Assert.Contains("\"accepted\":false", await File.ReadAllTextAsync(Directory.GetFiles(folder["out"], "events.jsonl", SearchOption.AllDirectories).Single(path => path.Contains("site_0", StringComparison.Ordinal)), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Separate_processes_over_a_broker_decide_as_a_run_in_memory_and_every_byte_is_counted()
    {
        var outcome = await Outcome.OfAsync("canoe", "bench", "W1b", "--dataset", "sensors", "--isolated-rate", "0.05", "--seeds", "1", "--methods", "canoe", "--broker-seeds", "1", "--format", "json", "--out", folder["out"]);

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        using var json = JsonDocument.Parse(outcome.Output);
        var run = Assert.Single(json.RootElement.GetProperty("broker").EnumerateArray());
        Assert.True(run.GetProperty("isAsInMemory").GetBoolean(), "another accuracy than in memory");

        // What moves in memory passes the broker's port twice; measured 93 kB, most of it six workers that connect, subscribe, announce themselves and leave.
        var payload = json.RootElement.GetProperty("figures")[0].GetProperty("payloadBytes").GetDouble();
        var all = run.GetProperty("bytes").GetInt64();
        Assert.InRange(all, 2 * payload, 140_000);

        // Joining and leaving are not within the hundred batches, the whole exchange is: measured 27 kB.
        Assert.InRange(run.GetProperty("bytesInHundredBatches").GetInt64(), 2 * payload, all - 20_000);
    }
}
