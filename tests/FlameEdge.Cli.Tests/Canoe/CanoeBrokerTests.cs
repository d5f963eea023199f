using System.Text.Json;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.Canoe;

/// <summary>The same workload over a broker with separate processes.</summary>
public sealed class CanoeBrokerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Separate_processes_over_a_broker_decide_as_a_run_in_memory_and_every_byte_is_counted()
    {
        var outcome = await Outcome.OfAsync("canoe", "bench", "W3", "--dataset", "sensors", "--isolated-rate", "0.05", "--seeds", "1", "--methods", "canoe", "--broker-seeds", "1", "--format", "json", "--out", folder["out"]);

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        using var json = JsonDocument.Parse(outcome.Output);
        var run = Assert.Single(json.RootElement.GetProperty("broker").EnumerateArray());
        Assert.True(run.GetProperty("isAsInMemory").GetBoolean(), "another accuracy than in memory");

        // What moves in memory passes the broker's port twice; measured 93 kB, most of it six workers that connect, subscribe, announce themselves and leave.
        var payload = json.RootElement.GetProperty("figures")[0].GetProperty("payloadBytes").GetDouble();
        Assert.InRange(run.GetProperty("bytes").GetInt64(), 2 * payload, 140_000);
    }
}
