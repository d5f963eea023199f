using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Operating;

/// <summary>Notices of several topics in one stream. Where a wildcard brings nothing that stands retained (RabbitMQ), the controller is asked for the names it knows, and what stands there is read by name.</summary>
internal sealed class RetainedWatch(IBulletin bulletin, AgentId self, AgentId controller)
{
    // Each name costs a subscription for a moment.
    private const int ReadAtOnce = 16;
    private const int MostNames = 65_536;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    // The subscriptions must stand before the answer comes, and a controller may just be starting.
    private static readonly TimeSpan[] AskAfter = [TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2)];

    private readonly Channel<Bulletin> merged = Channel.CreateBounded<Bulletin>(1024);
    private readonly Dictionary<BulletinTopic, Bulletin> last = [];
    private readonly HashSet<BulletinTopic> asked = [];
    private readonly Channel<BulletinTopic> names = Channel.CreateBounded<BulletinTopic>(new BoundedChannelOptions(MostNames) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Watches until cancelled; of a retained notice only what is new is told.</summary>
    /// <param name="topics">What to watch.</param>
    /// <param name="heard">Told of everything that comes, the controller's answers too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<Bulletin> RunAsync(IReadOnlyList<BulletinTopic> topics, Action heard, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> running = [.. topics.Select(topic => Task.Run(() => PumpAsync(topic, stopping.Token), CancellationToken.None))];
        var open = topics.Where(static topic => topic is { IsRetained: true, Agent: null } && (topic.Job is null || topic == BulletinTopic.AnyJob(topic.Kind))).ToList();
        if (open.Count > 0)
        {
            running.Add(Task.Run(() => PumpAsync(BulletinTopic.OfFleet(controller, BulletinKind.Event), stopping.Token), CancellationToken.None));
            running.Add(AskAsync(stopping.Token));
            running.AddRange(Enumerable.Range(0, ReadAtOnce).Select(_ => Task.Run(() => ReadAsync(stopping.Token), CancellationToken.None)));
        }

        try
        {
            await foreach (var notice in merged.Reader.ReadAllAsync(cancellationToken))
            {
                heard();
                if (notice.Topic is { Job: null, Kind: BulletinKind.Event } && FleetJson.Read(notice.Json.Span, FleetJson.Default.FleetListing) is { } listing)
                {
                    Look(listing, open);
                }

                if (topics.Any(topic => topic.Covers(notice.Topic)) && IsNews(notice))
                {
                    yield return notice;
                }
            }
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(running);
        }
    }

    private bool IsNews(Bulletin notice)
    {
        if (notice.Topic.IsRetained && last.TryGetValue(notice.Topic, out var known) && known.Json.Span.SequenceEqual(notice.Json.Span))
        {
            return false;
        }

        last[notice.Topic] = notice;
        return true;
    }

    private void Look(FleetListing listing, List<BulletinTopic> open)
    {
        foreach (var topic in open)
        {
            var named = topic.Job is null
                ? listing.Agents.Select(agent => BulletinTopic.OfFleet(new AgentId(agent), topic.Kind))
                : listing.Jobs.Select(job => BulletinTopic.OfJob(new JobId(job), controller, topic.Kind));
            foreach (var name in named.Where(name => !last.ContainsKey(name) && asked.Add(name)))
            {
                names.Writer.TryWrite(name);
            }
        }
    }

    private Task AskAsync(CancellationToken cancellationToken) => UntilCancelledAsync(
        async () =>
        {
            var question = FleetJson.Write(new FleetQuestion { Ask = "listing" }, FleetJson.Default.FleetQuestion);
            foreach (var pause in AskAfter)
            {
                await Task.Delay(pause, TimeProvider.System, cancellationToken);
                await bulletin.PostAsync(BulletinTopic.OfFleet(self, BulletinKind.Event), question, cancellationToken);
            }
        },
        cancellationToken);

    private Task PumpAsync(BulletinTopic topic, CancellationToken cancellationToken) => UntilCancelledAsync(
        async () =>
        {
            await foreach (var notice in bulletin.WatchAsync(topic, cancellationToken))
            {
                await merged.Writer.WriteAsync(notice, cancellationToken);
            }
        },
        cancellationToken);

    private Task ReadAsync(CancellationToken cancellationToken) => UntilCancelledAsync(
        async () =>
        {
            await foreach (var name in names.Reader.ReadAllAsync(cancellationToken))
            {
                if (await bulletin.ReadAsync(name, Patience, cancellationToken) is { } notice)
                {
                    await merged.Writer.WriteAsync(notice, cancellationToken);
                }
            }
        },
        cancellationToken);

    // Who may not ask, or not read one name, still sees the rest.
    private static async Task UntilCancelledAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is ChannelException || (exception is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // Not allowed, or seen enough.
        }
    }
}
