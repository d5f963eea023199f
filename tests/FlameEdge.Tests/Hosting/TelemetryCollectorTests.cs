using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Hosting.Telemetry;
using FlameEdge.Models.Telemetry;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Hosting;

public sealed class TelemetryCollectorTests : ITopicFeed
{
    private static readonly DatasetSpec Rows = new() { Id = new("rows") };
    private readonly Channel<TopicMessage> messages = Channel.CreateUnbounded<TopicMessage>();
    private readonly MemoryStateStore state = new();
    private readonly FakeTimeProvider time = new();
    private readonly List<string> told = [];

    public async IAsyncEnumerable<TopicMessage> WatchAsync(IReadOnlyList<string> filters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in messages.Reader.ReadAllAsync(cancellationToken))
        {
            if (filters.Any(filter => TopicFilter.Matches(filter, message.Topic)))
            {
                yield return message;
            }
        }
    }

    [Fact]
    public async Task A_label_holds_for_its_device_until_the_next_and_a_window_never_shows_two()
    {
        await using var collector = await StartAsync(Settings());
        Say("plant/a/label", "good");
        Measure("a", 1, 1);
        Measure("a", 2);
        Say("plant/a/label", "bad");
        Measure("a", 3, 3);
        Measure("b", 9, 9);
        await UntilAsync(collector, status => status.Windows == 3);

        var rows = await collector.LoadAsync(Rows, TimeSpan.Zero, TestContext.Current.CancellationToken);

        Assert.Equal([1f, 3f], rows.Features.ToArray());
        Assert.Equal([0, 1], rows.Labels.ToArray());
        Assert.Equal(2, rows.ClassCount);
    }

    [Fact]
    public async Task A_rule_labels_by_the_windows_mean()
    {
        var settings = Settings();
        settings.Label = new() { Rules = [new() { Field = "load", Above = 3, Class = "bad" }], Otherwise = "good" };
        await using var collector = await StartAsync(settings);
        Say("plant/a/x", """{"x":[1,1],"load":[2,3.9]}""");
        Say("plant/a/x", """{"x":[2,2],"load":[2.2,3.9]}""");
        await UntilAsync(collector, status => status.Rows == 2);

        var rows = await collector.LoadAsync(Rows, TimeSpan.Zero, TestContext.Current.CancellationToken);

        Assert.Equal([0, 1], rows.Labels.ToArray());
    }

    [Fact]
    public async Task Garbage_is_counted_told_once_and_takes_nothing_down()
    {
        await using var collector = await StartAsync(Settings());
        Say("plant/a/label", "good");
        Say("plant/a/label", "ugly");
        Say("plant/a/x", "\u0001{{{");
        Say("plant/a/x", "[]");
        Measure("a", 1, 1);
        await UntilAsync(collector, status => status.Rows == 1);

        var status = Assert.Single(await collector.StatusAsync(TestContext.Current.CancellationToken));

        Assert.Equal((2, 1), (status.Dropped["malformed"], status.Dropped["unknown label"]));
        Assert.Equal(2, told.Count);
        Assert.Equal(1, status.RowsByClass["good"]);
    }

    [Fact]
    public async Task More_messages_than_the_rate_and_more_devices_than_fit_are_dropped()
    {
        var settings = Settings();
        settings.MaximumRate = 300;
        await using var collector = await StartAsync(settings);
        for (var device = 0; device < 310; device++)
        {
            Measure($"d{device}", 1);
        }

        await UntilAsync(collector, status => status.Messages == 310);
        var status = Assert.Single(await collector.StatusAsync(TestContext.Current.CancellationToken));

        Assert.Equal((10, 44), (status.Dropped["too many"], status.Dropped["too many devices"]));
    }

    [Fact]
    public async Task Rows_survive_a_restart_and_the_choice_goes_on_as_if_there_had_been_none()
    {
        var whole = await KeptAsync(new MemoryStateStore(), [.. Enumerable.Range(0, 60)]);
        await KeptAsync(state, [.. Enumerable.Range(0, 30)]);

        Assert.Equal(whole, await KeptAsync(state, [.. Enumerable.Range(30, 30)]));
    }

    [Fact]
    public async Task Rows_of_other_features_are_deleted_rather_than_mixed()
    {
        await KeptAsync(state, [1, 2, 3]);
        var settings = Settings();
        settings.Features = ["max"];

        await using var collector = await StartAsync(settings);

        Assert.Contains("3 rows of other settings were deleted", Assert.Single(told), StringComparison.Ordinal);
        Assert.Empty(await state.ListAsync("telemetry", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_dataset_with_too_few_rows_says_so_after_a_bounded_wait()
    {
        var settings = Settings();
        settings.Reservoir.Least = 2;
        await using var collector = await StartAsync(settings);

        var error = await Assert.ThrowsAsync<DatasetException>(() => collector.LoadAsync(Rows, TimeSpan.Zero, TestContext.Current.CancellationToken));

        Assert.Contains("'rows' has 0 rows of telemetry after 0 s and needs 2", error.Message, StringComparison.Ordinal);
        Assert.False(collector.Has(new("others")));
    }

    [Fact]
    public async Task New_settings_stop_what_is_no_longer_named()
    {
        await using var collector = await StartAsync(Settings());
        Assert.True(collector.Has(new("rows")));

        await collector.ApplyAsync([], TestContext.Current.CancellationToken);

        Assert.False(collector.Has(new("rows")));
    }

    private static TelemetrySettings Settings() => new()
    {
        Name = "rows",
        Filter = "plant/+/x",
        Fields = ["x"],
        DeviceLevel = 1,
        Window = new() { Samples = 2 },
        Features = ["mean"],
        Classes = ["good", "bad"],
        Label = new() { Topic = "plant/+/label" },
        Reservoir = new() { Capacity = 8, Seed = 5 },
    };

    private async Task<TelemetryCollector> StartAsync(TelemetrySettings settings, IStateStore? store = null)
    {
        var collector = new TelemetryCollector(this, store ?? state, time, told.Add);
        await collector.ApplyAsync([settings], TestContext.Current.CancellationToken);
        return collector;
    }

    private async Task<float[]> KeptAsync(IStateStore store, int[] values)
    {
        await using var collector = await StartAsync(Settings(), store);
        Say("plant/a/label", "good");
        foreach (var value in values)
        {
            Measure("a", value, value);
        }

        await UntilAsync(collector, status => status.Windows == values.Length);
        return (await collector.LoadAsync(Rows, TimeSpan.Zero, TestContext.Current.CancellationToken)).Features.ToArray();
    }

    private void Measure(string device, params double[] x) => Say($"plant/{device}/x", $$"""{"x":[{{string.Join(',', x)}}]}""");

    private void Say(string topic, string text) => messages.Writer.TryWrite(new(topic, Encoding.UTF8.GetBytes(text)));

    private static async Task UntilAsync(TelemetryCollector collector, Func<TelemetryStatus, bool> holds)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!holds((await collector.StatusAsync(bound.Token))[0]))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, bound.Token);
        }
    }
}
