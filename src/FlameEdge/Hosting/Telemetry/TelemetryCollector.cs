using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Models.Telemetry;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Telemetry;

/// <summary>Makes datasets out of sensors' messages while the agent runs; new settings are taken without restart.</summary>
/// <remarks>Thread-safe. Rows are written in batches of 256 or every minute, to spare flash: a kill loses those of the open batch, and the counts with them, never more.</remarks>
/// <param name="feed">The sensors' messages.</param>
/// <param name="state">Where rows are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Told, once each, what is refused or lost, for logs and events.</param>
public sealed class TelemetryCollector(ITopicFeed feed, IStateStore state, TimeProvider time, Action<string> tell) : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RestartAfter = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly DatasetLoader loader = new();
    private Running[] running = [];

    /// <summary>Collects what the settings say from now on: those that are unchanged go on undisturbed, those no longer named stop, their rows stay on disk.</summary>
    /// <exception cref="StateException">The state cannot be read or written.</exception>
    public async Task ApplyAsync(IReadOnlyList<TelemetrySettings> settings, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var wanted = settings.ToDictionary(TextOf, StringComparer.Ordinal);
            foreach (var ended in running.Where(one => !wanted.ContainsKey(one.Text)))
            {
                await ended.DisposeAsync();
            }

            var kept = running.Where(one => wanted.ContainsKey(one.Text)).ToList();
            foreach (var (text, added) in wanted.Where(entry => kept.TrueForAll(one => one.Text != entry.Key)))
            {
                var source = await TelemetrySource.OpenAsync(added, state, time, tell, cancellationToken);
                kept.Add(new(text, source, CollectAsync));
            }

            running = [.. kept];
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Whether a dataset of this name is collected here.</summary>
    public bool Has(DatasetId dataset) => Find(dataset) is not null;

    /// <summary>How all datasets stand.</summary>
    public async Task<IReadOnlyList<TelemetryStatus>> StatusAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(running.Select(one => one.Source.StatusAsync(cancellationToken)));

    /// <summary>The rows of a dataset as they are now, standardized as the job says; what comes later is in the next load. Waits, bounded, for as many as <c>reservoir.least</c>.</summary>
    /// <exception cref="DatasetException">No such dataset is collected here, it has not enough rows in time, or the job asks of it what only files have.</exception>
    public async Task<Dataset> LoadAsync(DatasetSpec dataset, TimeSpan patience, CancellationToken cancellationToken)
    {
        var source = Find(dataset.Id) ?? throw new DatasetException($"dataset '{dataset.Id}' is not collected here; name it in the section telemetry of the agent's configuration");
        var began = time.GetTimestamp();
        while (true)
        {
            var rows = await source.SnapshotAsync(cancellationToken);
            if (rows.Count >= source.Settings.Reservoir.Least)
            {
                return loader.Load(dataset, rows);
            }

            if (time.GetElapsedTime(began) >= patience)
            {
                throw new DatasetException($"dataset '{dataset.Id}' has {rows.Count} rows of telemetry after {patience.TotalSeconds:0} s and needs {source.Settings.Reservoir.Least}; check that the sensors publish on {source.Settings.Filter} and that labels come");
            }

            await Task.Delay(Look, time, cancellationToken);
        }
    }

    /// <summary>Stops and writes what is not on disk yet.</summary>
    public async ValueTask DisposeAsync()
    {
        await gate.WaitAsync();
        try
        {
            await Task.WhenAll(running.Select(one => one.DisposeAsync().AsTask()));
            running = [];
        }
        finally
        {
            gate.Release();
        }
    }

    private static string TextOf(TelemetrySettings settings) => JsonSerializer.Serialize(settings, TelemetryJson.Default.TelemetrySettings);

    private TelemetrySource? Find(DatasetId dataset) => running.FirstOrDefault(one => one.Source.Settings.Name == dataset.Value)?.Source;

    // A refused subscription or a full disk may be cured while the agent runs.
    private async Task CollectAsync(TelemetrySource source, CancellationToken cancellationToken)
    {
        var isTold = false;
        while (true)
        {
            try
            {
                await source.RunAsync(feed, cancellationToken);
            }
            catch (FlameEdgeException error) when (!cancellationToken.IsCancellationRequested)
            {
                if (!isTold)
                {
                    tell($"telemetry '{source.Settings.Name}' is not collected: {error.Message}");
                    isTold = true;
                }
            }

            await Task.Delay(RestartAfter, time, cancellationToken);
        }
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = new();
        private readonly Task work;

        public Running(string text, TelemetrySource source, Func<TelemetrySource, CancellationToken, Task> collect)
        {
            Text = text;
            Source = source;
            work = Task.Run(() => collect(source, stopping.Token), CancellationToken.None);
        }

        public string Text { get; }

        public TelemetrySource Source { get; }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stopping.Dispose();
            await Source.DisposeAsync();
        }
    }
}
