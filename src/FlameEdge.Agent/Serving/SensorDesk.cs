using FlameEdge.Channels;
using FlameEdge.Hosting.Telemetry;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Models.Telemetry;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Serving;

/// <summary>The datasets of an agent: files as they lie there, and telemetry collected while it runs.</summary>
internal sealed class SensorDesk : IAsyncDisposable
{
    // A worker whose sensors have just begun waits for its first rows; its job goes on with those who have some.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private const int ToldShare = 10;
    private readonly DatasetLoader loader = new();
    private readonly TelemetryCollector collector;
    private readonly TimeProvider time;
    private IReadOnlyDictionary<DatasetId, int> told = new Dictionary<DatasetId, int>();

    /// <param name="feed">The sensors' messages.</param>
    /// <param name="state">Where rows are kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Told, once each, what is refused or lost.</param>
    public SensorDesk(ITopicFeed feed, IStateStore state, TimeProvider time, Action<string> tell)
    {
        this.time = time;
        collector = new TelemetryCollector(feed, state, time, tell);
    }

    /// <summary>What is collected, with the rows as they were last told.</summary>
    public IReadOnlyDictionary<DatasetId, int> Collected => Volatile.Read(ref told);

    /// <summary>Collects what these settings say from now on.</summary>
    /// <exception cref="Diagnostics.StateException">The state cannot be read or written.</exception>
    public async Task ApplyAsync(TelemetryReading settings, CancellationToken cancellationToken)
    {
        await collector.ApplyAsync(settings.Sources, cancellationToken);
        await CountAsync(cancellationToken);
    }

    /// <summary>Counts rows until cancelled, and tells where a tenth more or less are there than was told: a birth is posted for it.</summary>
    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(Look, time, cancellationToken);
            var before = Collected;
            if (await CountAsync(cancellationToken) is var now && now.Any(entry => Math.Abs(entry.Value - before.GetValueOrDefault(entry.Key)) * ToldShare > before.GetValueOrDefault(entry.Key)))
            {
                changed();
            }
            else
            {
                Volatile.Write(ref told, before);
            }
        }
    }

    /// <summary>A dataset's rows, from a file or as collected so far.</summary>
    public Task<Dataset> LoadAsync(DatasetSpec dataset, CancellationToken cancellationToken) => dataset.Source is null
        ? collector.LoadAsync(dataset, Patience, cancellationToken)
        : Task.Run(() => loader.Load(dataset), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => collector.DisposeAsync();

    private async Task<IReadOnlyDictionary<DatasetId, int>> CountAsync(CancellationToken cancellationToken)
    {
        var now = (await collector.StatusAsync(cancellationToken)).ToDictionary(status => new DatasetId(status.Name), status => status.Rows);
        Volatile.Write(ref told, now);
        return now;
    }
}
