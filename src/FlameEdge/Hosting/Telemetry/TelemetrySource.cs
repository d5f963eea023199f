using FlameEdge.Channels;
using FlameEdge.Models;
using FlameEdge.Models.Telemetry;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Telemetry;

/// <summary>Collects one dataset: messages become samples, samples windows, windows labelled rows, rows a reservoir.</summary>
internal sealed class TelemetrySource : IAsyncDisposable
{
    private const int MostDevices = 256;
    private const int UnsavedAtMost = 256;
    private static readonly TimeSpan UnsavedFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    private readonly TelemetrySettings settings;
    private readonly TelemetryReservoir reservoir;
    private readonly TelemetryStore store;
    private readonly PayloadReader reader;
    private readonly TimeProvider time;
    private readonly Action<string> tell;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<string, WindowBuffer> buffers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> dropped = new(StringComparer.Ordinal);
    private double allowance;
    private long allowedAt;
    private long savedAt;
    private long messages;
    private long windows;

    private TelemetrySource(TelemetrySettings settings, IStateStore state, TimeProvider time, Action<string> tell)
    {
        this.settings = settings;
        this.time = time;
        this.tell = tell;
        reservoir = new(settings.Reservoir, settings.Classes.Count);
        store = new(state, settings);
        reader = new(settings);
        allowance = settings.MaximumRate;
        allowedAt = savedAt = time.GetTimestamp();
    }

    /// <summary>The settings it was made of.</summary>
    public TelemetrySettings Settings => settings;

    /// <summary>A source that goes on with the rows an earlier run kept.</summary>
    public static async Task<TelemetrySource> OpenAsync(TelemetrySettings settings, IStateStore state, TimeProvider time, Action<string> tell, CancellationToken cancellationToken)
    {
        var source = new TelemetrySource(settings, state, time, tell);
        if (await source.store.LoadAsync(source.reservoir, cancellationToken) is > 0 and var count)
        {
            tell($"telemetry '{settings.Name}': {count} rows of other settings were deleted; it starts afresh");
        }

        return source;
    }

    /// <summary>Collects until cancelled; the first fault ends it.</summary>
    public async Task RunAsync(ITopicFeed feed, CancellationToken cancellationToken)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [CollectAsync(feed, together.Token), SaveAsync(together.Token)];
        var first = await Task.WhenAny(parts);
        await together.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <summary>Writes what is not on disk yet. A job may still be loading: the gate stays.</summary>
    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(Farewell, time);
        await LockedAsync(() => WriteAsync(bound.Token), bound.Token);
    }

    /// <summary>The rows as they are now.</summary>
    public async Task<Dataset> SnapshotAsync(CancellationToken cancellationToken)
    {
        Dataset? dataset = null;
        await LockedAsync(() =>
        {
            TelemetryRow[] rows = [.. reservoir.Rows];
            float[] features = [.. rows.SelectMany(row => row.Features)];
            dataset = new(settings.Name, [WindowFeatures.CountOf(settings)], settings.Classes.Count, features, Array.ConvertAll(rows, row => row.Label));
            return Task.CompletedTask;
        }, cancellationToken);
        return dataset!; // The lock was held, or it has thrown.
    }

    /// <summary>How it stands.</summary>
    public async Task<TelemetryStatus> StatusAsync(CancellationToken cancellationToken)
    {
        TelemetryStatus? status = null;
        await LockedAsync(() =>
        {
            var byClass = reservoir.Rows.CountBy(row => settings.Classes[row.Label]).ToDictionary(StringComparer.Ordinal);
            status = new(settings.Name, reservoir.Count, byClass, windows, messages, new Dictionary<string, long>(dropped, StringComparer.Ordinal), buffers.Values.Sum(buffer => buffer.GapCount));
            return Task.CompletedTask;
        }, cancellationToken);
        return status!; // The lock was held, or it has thrown.
    }

    /// <summary>Works on one message of a sensor.</summary>
    public Task TakeAsync(TopicMessage message, CancellationToken cancellationToken) => LockedAsync(async () =>
    {
        messages++;
        if (!IsAllowed())
        {
            Drop("too many", $"more than {settings.MaximumRate} messages a second");
        }
        else if (reader.Read(message.Payload.Span) is not { } samples)
        {
            Drop("malformed", $"a message is not what format and fields say (the first on {message.Topic})");
        }
        else if (BufferOf(DeviceOf(message.Topic)) is not { } buffer)
        {
            Drop("too many devices", $"more than {MostDevices} devices");
        }
        else
        {
            foreach (var window in buffer.Add(samples))
            {
                Keep(window, DeviceOf(message.Topic));
            }

            if (store.UnsavedCount >= UnsavedAtMost)
            {
                await WriteAsync(cancellationToken);
            }
        }
    }, cancellationToken);

    /// <summary>Notes what somebody says the telemetry shows from now on.</summary>
    public Task LabelAsync(TopicMessage message, CancellationToken cancellationToken) => LockedAsync(() =>
    {
        var name = message.Payload.Length is > 0 and <= 200 ? System.Text.Encoding.UTF8.GetString(message.Payload.Span).Trim() : string.Empty;
        var (label, device) = (settings.Classes.IndexOf(name), DeviceOf(message.Topic));
        if (label < 0)
        {
            Drop("unknown label", $"a label on {message.Topic} is none of the classes {string.Join(", ", settings.Classes)}");
        }
        else if (!labels.TryGetValue(device, out var former) ? labels.Count < MostDevices : former != label)
        {
            // A window that shows both would be of neither class.
            labels[device] = label;
            buffers.GetValueOrDefault(device)?.Clear();
        }

        return Task.CompletedTask;
    }, cancellationToken);

    // One stream for both: a label counts for what comes after it.
    private async Task CollectAsync(ITopicFeed feed, CancellationToken cancellationToken)
    {
        string[] filters = settings.Label.Topic is { } label ? [settings.Filter, label] : [settings.Filter];
        await foreach (var message in feed.WatchAsync(filters, cancellationToken))
        {
            await (settings.Label.Topic is { } topic && TopicFilter.Matches(topic, message.Topic) ? LabelAsync(message, cancellationToken) : TakeAsync(message, cancellationToken));
        }
    }

    // Rows that trickle in are written by time.
    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(UnsavedFor, time, cancellationToken);
            await LockedAsync(() => time.GetElapsedTime(savedAt) >= UnsavedFor ? WriteAsync(cancellationToken) : Task.CompletedTask, cancellationToken);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await store.SaveAsync(reservoir.Seen, cancellationToken);
        savedAt = time.GetTimestamp();
    }

    private void Keep(double[][] window, string device)
    {
        windows++;
        if (LabelOf(window, device) is not { } label)
        {
            return;
        }

        var row = new TelemetryRow(WindowFeatures.Of(settings, window), label);
        if (reservoir.Offer(row) is { } place)
        {
            store.Put(place, row);
        }
    }

    private int? LabelOf(double[][] window, string device)
    {
        if (labels.TryGetValue(device, out var said))
        {
            return said;
        }

        foreach (var rule in settings.Label.Rules)
        {
            var mean = window[IndexOf(rule.Field)].Average();
            if (mean > (rule.Above ?? double.NegativeInfinity) && mean < (rule.Below ?? double.PositiveInfinity))
            {
                return settings.Classes.IndexOf(rule.Class);
            }
        }

        return settings.Label.Otherwise is { } otherwise ? settings.Classes.IndexOf(otherwise) : null;
    }

    private int IndexOf(string field) => reader.Fields.Select((name, index) => (name, index)).First(entry => entry.name == field).index;

    private WindowBuffer? BufferOf(string device)
    {
        if (!buffers.TryGetValue(device, out var buffer) && buffers.Count < MostDevices)
        {
            buffers[device] = buffer = new(settings, reader.Fields.Count);
        }

        return buffer;
    }

    private string DeviceOf(string topic) => settings.DeviceLevel is { } level && topic.Split('/') is var levels && level < levels.Length ? levels[level] : string.Empty;

    // A bucket of one second's messages that fills as time goes by.
    private bool IsAllowed()
    {
        var now = time.GetTimestamp();
        allowance = Math.Min(Math.Max(1, settings.MaximumRate), allowance + (time.GetElapsedTime(allowedAt, now).TotalSeconds * settings.MaximumRate));
        allowedAt = now;
        if (allowance < 1)
        {
            return false;
        }

        allowance--;
        return true;
    }

    private void Drop(string reason, string text)
    {
        dropped[reason] = dropped.GetValueOrDefault(reason) + 1;
        if (dropped[reason] == 1)
        {
            tell($"telemetry '{settings.Name}': {text}; it is dropped, and so are others like it, which are only counted");
        }
    }

    private async Task LockedAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            await work();
        }
        finally
        {
            gate.Release();
        }
    }
}
