using FlameEdge.Collaborative.Roles;
using FlameEdge.Mqtt.Metering;

namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>Looks at a relay's counters while a job runs, to tell what passed between two moments of it: all clients, all topics, both ways.</summary>
internal static class WireWindow
{
    // A fifth of a batch at the pace of a counted run, so that neither end is off by one.
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    /// <summary>From the moment at which a site's warm-up is over to that at which so many batches after it are learned; null where the job ended before.</summary>
    /// <param name="relay">Before the broker.</param>
    /// <param name="events">The site's record, which grows.</param>
    /// <param name="batches">How many.</param>
    /// <param name="cancellationToken">The job is over.</param>
    public static async Task<BrokerBytes?> OfBatchesAsync(BrokerRelay relay, string events, int batches, CancellationToken cancellationToken)
    {
        var (start, isWarm) = (relay.Bytes, false);
        while (!cancellationToken.IsCancellationRequested)
        {
            var before = relay.Bytes;
            var told = Read(events);
            if (told.Any(happened => happened.Event == "score" && happened.Batch == batches - 1))
            {
                return BrokerBytes.Of(Between(start, relay.Bytes));
            }

            // On a busy machine a glance may come late: the one before it counts, so that nothing of the first batch is left out.
            isWarm |= told.Any(happened => happened.Event == "warm");
            start = isWarm ? start : before;
            await PauseAsync(cancellationToken);
        }

        return null;
    }

    /// <summary>From the first model on its way to the last one that has come: the rounds of a federated job.</summary>
    public static async Task<BrokerBytes?> OfModelsAsync(BrokerRelay relay, CancellationToken cancellationToken)
    {
        var (start, end) = (relay.Bytes, relay.Bytes);
        do
        {
            await PauseAsync(cancellationToken);
            var seen = relay.Bytes;
            start = BrokerBytes.Of(seen).Model == 0 ? seen : start;
            end = BrokerBytes.Of(seen).Model > BrokerBytes.Of(end).Model ? seen : end;
        }
        while (!cancellationToken.IsCancellationRequested);

        return BrokerBytes.Of(end).Model == 0 ? null : BrokerBytes.Of(Between(start, end));
    }

    private static Dictionary<WireKind, long> Between(IReadOnlyDictionary<WireKind, long> start, IReadOnlyDictionary<WireKind, long> end) =>
        end.ToDictionary(pair => pair.Key, pair => pair.Value - start.GetValueOrDefault(pair.Key));

    private static Task PauseAsync(CancellationToken cancellationToken) =>
        Task.Delay(Glance, TimeProvider.System, cancellationToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    // The last line may be half written: it is read whole at the next glance.
    private static CanoeEvent[] Read(string events)
    {
        if (!File.Exists(events))
        {
            return [];
        }

        using var file = new StreamReader(new FileStream(events, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. file.ReadToEnd().Split('\n').Select(line => CanoeEvent.Read(System.Text.Encoding.UTF8.GetBytes(line))).OfType<CanoeEvent>()];
    }
}
