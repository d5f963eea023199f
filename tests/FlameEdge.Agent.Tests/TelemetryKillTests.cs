using System.Globalization;
using System.Text;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.LiteDb;
using FlameEdge.Mqtt;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Agent.Tests;

/// <summary>An agent that collects telemetry and is killed: what stood on its disk is there again, and no window counts twice.</summary>
public sealed class TelemetryKillTests : IDisposable
{
    private const int Before = 600;
    private const int After = 100;

    // A window's rows are written in batches of this many: what a kill may cost.
    private const int Batch = 256;
    private const string Collection = "telemetry";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly AgentId Edge = new("edge-1");
    private readonly TemporaryFolder folder = new();
    private int steps;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_was_written_survives_a_kill_and_no_window_is_counted_twice()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new($"mqtt://127.0.0.1:{broker.Port}") }, new AgentId("operator"), cancellationToken: TestContext.Current.CancellationToken);
        await using (var agent = Start(broker))
        {
            await RowsAsync(session, rows => rows == 0);
            await MeasureAsync(session, 0, Before);
            await RowsAsync(session, rows => rows == Before);
            Assert.True(await agent.KillAsync());
        }

        var (kept, seen) = await ReadAsync();
        Assert.InRange(kept.Count, Before - Batch, Before);
        Assert.Equal(kept.Count, seen);
        await using (var again = Start(broker))
        {
            await RowsAsync(session, rows => rows == kept.Count);
            await MeasureAsync(session, Before, After);
            await RowsAsync(session, rows => rows == kept.Count + After);
            again.Signal("TERM");
            Assert.Equal(ExitCode.Ok, (await again.EndAsync()).Code);
        }

        var (all, counted) = await ReadAsync();
        Assert.Equal([.. kept, .. Enumerable.Range(Before, After).Select(value => (float)value)], all);
        Assert.Equal(all.Count, counted);
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    private RunningProgram Start(Mosquitto broker) => RunningProgram.Start(
        Path.Combine(AppContext.BaseDirectory, "flame-edge-agent.dll"), ["serve", "--broker", $"mqtt://127.0.0.1:{broker.Port}", "--name", Edge.Value, "--state", folder["state"]]);

    /// <summary>Windows of one value each, all of them different.</summary>
    private static async Task MeasureAsync(MqttSession session, int first, int count)
    {
        for (var value = first; value < first + count; value++)
        {
            await session.PublishAsync("plant/press/x", Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"x":[{{value}},{{value}},{{value}},{{value}}]}""")), retain: false, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for a number of rows. A configuration that changes makes the agent count and tell.</summary>
    private async Task RowsAsync(MqttSession session, Func<long, bool> areThere)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        long? last = null;
        do
        {
            Assert.False(bound.IsCancellationRequested, $"waited {Bound}; there are {last} rows");
            var step = string.Create(CultureInfo.InvariantCulture, $"{++steps}");
            await session.Bulletin.PostAsync(BulletinTopic.OfFleet(Edge, BulletinKind.Config), Encoding.UTF8.GetBytes($$"""
                { "labels": { "step": "{{step}}" },
                  "telemetry": [ { "name": "press", "filter": "plant/press/x", "fields": ["x"], "window": { "samples": 4 }, "features": ["mean"], "classes": ["low", "high"], "maximumRate": 10000,
                                   "label": { "rules": [ { "field": "x", "above": 300, "class": "high" } ], "otherwise": "low" }, "reservoir": { "capacity": 5000 } } ] }
                """), bound.Token);
            last = await CountAsync(session, step, bound.Token) ?? last;
        }
        while (last is not { } rows || !areThere(rows));
    }

    private static async Task<long?> CountAsync(MqttSession session, string step, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var notice in session.Bulletin.WatchAsync(BulletinTopic.OfFleet(Edge, BulletinKind.Birth), cancellationToken))
            {
                if (FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentBirth) is { } birth && birth.Labels.GetValueOrDefault("step") == step)
                {
                    return birth.Datasets.SingleOrDefault(dataset => dataset.Name == "press")?.Rows;
                }
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            // Told by who asked.
        }

        return null;
    }

    /// <summary>The values of the rows on disk, in order, and how many windows the agent has counted.</summary>
    private async Task<(IReadOnlyList<float> Values, long Seen)> ReadAsync()
    {
        await using var store = LiteDbStateStore.Open(Path.Combine(folder["state"], "agent"), NullLogger.Instance);
        using var head = JsonDocument.Parse((await store.ReadAsync(Collection, "press", TestContext.Current.CancellationToken))!); // Written with the first batch.
        var rows = (await store.ListAsync(Collection, TestContext.Current.CancellationToken)).Where(entry => entry.Key.StartsWith("press.", StringComparison.Ordinal));
        return ([.. rows.Select(ValueOf).Order()], head.RootElement.GetProperty("seen").EnumerateArray().Sum(count => count.GetInt64()));
    }

    private static float ValueOf(KeyValuePair<string, byte[]> document)
    {
        using var row = JsonDocument.Parse(document.Value);
        return BitConverter.ToSingle(row.RootElement.GetProperty("features").GetBytesFromBase64());
    }
}
