using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Direct;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt;

/// <summary>An agent's presence at a broker, shared by all its workers in this process: two connections, so that control never waits behind a model.</summary>
/// <remarks>Control keeps its session at the broker and carries the last will; bulk starts clean, so that no broker hoards chunks for a sleeper. Both
/// come back by themselves; what is retained is repeated after every reconnect, and whenever somebody else's value is read in its place.</remarks>
public sealed partial class MqttSession : IContact, IAsyncDisposable
{
    // Repeats are idempotent; when this many wait, the newest is as good as the oldest.
    private const int RepeatCapacity = 256;
    private static readonly TimeSpan RepeatPause = TimeSpan.FromMilliseconds(100);

    private readonly MqttOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly RetainedBook book = new();
    private readonly Lock gate = new();
    private readonly List<MqttChannel> channels = [];
    private readonly Channel<string> repeats = Channel.CreateBounded<string>(new BoundedChannelOptions(RepeatCapacity) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stopping = new();
    private readonly string aliveTopic;
    private readonly CredentialsWatch watch;
    private readonly MqttTopicFeed feed;
    private MqttChannel[] listening = [];
    private PeerNode? direct;
    private SeenPresence[] looking = [];
    private Task repeating = Task.CompletedTask;
    private Task watching = Task.CompletedTask;
    private ulong messageCount;
    private int isDisposed;

    private MqttSession(MqttOptions options, AgentId agent, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.time = time;
        logger = loggers.CreateLogger<MqttSession>();
        Agent = agent;
        Loggers = loggers;
        Topics = new TopicScheme(options.Prefix);
        aliveTopic = Topics.Alive(agent);
        SessionId = Guid.NewGuid().ToString("N")[..12];
        var connects = new ClientOptionsBuilder(options, agent, time);
        var bulkId = $"{agent.Value}_bulk";
        Control = new MqttLink(
            agent.Value,
            options,
            (connection, version) => connects.Lasting(agent.Value, version, aliveTopic, AliveNoteOf(connection, AliveNote.Lost)),
            OnControlConnecting,
            AnnounceAsync,
            OnConnected,
            Dispatch,
            time,
            logger);
        Bulk = new MqttLink(bulkId, options, (_, version) => connects.Passing(bulkId, version), static () => { }, static _ => Task.CompletedTask, OnConnected, Dispatch, time, logger);
        watch = new CredentialsWatch(connects.Credentials, options, RenewAsync, time, logger);
        Board = new MqttBulletin(this, time);
        feed = new MqttTopicFeed(Bulk);
    }

    /// <summary>The agent, which is also the MQTT client id and, with a password, the user.</summary>
    public AgentId Agent { get; }

    /// <summary>A random name for this run of the process.</summary>
    public string SessionId { get; }

    /// <summary>Notices for people and tools, over the control connection.</summary>
    public IBulletin Bulletin => Board;

    /// <summary>What others publish on topics that are not FlameEdge's, over the bulk connection.</summary>
    public ITopicFeed Feed => feed;

    /// <summary>Publishes on a topic that is not FlameEdge's, as a sensor would, until the broker has it.</summary>
    /// <exception cref="ChannelException">The broker refuses it.</exception>
    public Task PublishAsync(string topic, ReadOnlyMemory<byte> payload, bool retain, CancellationToken cancellationToken) => Bulk.PublishAsync(topic, payload, retain, cancellationToken);

    /// <inheritdoc/>
    public bool IsConnected => Control.IsConnected;

    /// <inheritdoc/>
    public TimeSpan Silence => Control.Silence;

    /// <summary>Bytes of messages over both connections since the session was made; never falls.</summary>
    public MqttTraffic Traffic => new(Control.Traffic.Sent + Bulk.Traffic.Sent, Control.Traffic.Received + Bulk.Traffic.Received);

    /// <summary>Bytes of packets exchanged with peers directly since the session was made; never falls.</summary>
    public MqttTraffic DirectTraffic => direct?.Traffic ?? default;

    internal TopicScheme Topics { get; }

    internal MqttLink Control { get; }

    internal MqttLink Bulk { get; }

    internal MqttBulletin Board { get; }

    /// <summary>This agent among its peers; made when first asked for.</summary>
    internal PeerNode Direct
    {
        get
        {
            lock (gate)
            {
                return direct ??= new PeerNode(this);
            }
        }
    }

    /// <summary>The channels on which peers are met directly.</summary>
    internal IEnumerable<MqttChannel> DirectChannels => listening.Where(channel => channel.IsDirect);

    internal MqttOptions Options => options;

    internal TimeProvider Time => time;

    internal ILoggerFactory Loggers { get; }

    /// <summary>Connects an agent.</summary>
    /// <param name="options">Which broker, and how patiently.</param>
    /// <param name="agent">Who.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="loggers">Where to log; nowhere by default.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ChannelException">The broker is not reached within <see cref="MqttOptions.StartTimeout"/>, or refuses the agent.</exception>
    public static async Task<MqttSession> ConnectAsync(
        MqttOptions options, AgentId agent, TimeProvider? time = null, ILoggerFactory? loggers = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        RequireUsable(options);
        var session = new MqttSession(options, agent, time ?? TimeProvider.System, loggers ?? NullLoggerFactory.Instance);
        try
        {
            await session.Control.StartAsync(cancellationToken);
            await session.Bulk.StartAsync(cancellationToken);
            session.repeating = session.RepeatAsync();
            session.watching = session.watch.RunAsync(session.stopping.Token);
            await session.Control.SubscribeAsync([session.aliveTopic], cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Leaves every channel, says good-bye and closes both connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) != 0)
        {
            return;
        }

        // Together: where the broker is gone, each waits for it as long as the next.
        await Task.WhenAll(listening.Select(channel => channel.DisposeAsync().AsTask()));
        if (direct is not null)
        {
            await direct.DisposeAsync();
        }

        await SayGoodByeAsync();
        await stopping.CancelAsync();
        await repeating;
        await watching;
        Board.Close();
        await Bulk.DisposeAsync();
        await Control.DisposeAsync();
    }

    /// <summary>Counts messages across all channels: they share their worker's incarnation.</summary>
    internal ulong NextMessageId() => Interlocked.Increment(ref messageCount);

    /// <summary>The newest run of a worker whose presence is still posted on any of its ends; 0 for none, or where the broker does not answer in time. One question for all of them.</summary>
    internal async Task<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken)
    {
        string[] topics = [.. ends.Select(end => Topics.Here(end, end.Agent, end.Self))];
        var look = new SeenPresence(topics);
        lock (gate)
        {
            looking = [.. looking, look];
        }

        try
        {
            await Control.SubscribeAsync(topics, cancellationToken);

            // Our own life sign comes back behind whatever the subscription brings.
            await Control.PublishAsync(aliveTopic, book.Find(aliveTopic), retain: true, cancellationToken);
            await look.Answered.WaitAsync(options.ConnectTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // A broker that does not echo may still have told.
        }
        finally
        {
            lock (gate)
            {
                looking = [.. looking.Where(other => other != look)];
            }
        }

        await Control.UnsubscribeAsync(topics, cancellationToken);
        return look.Incarnation;
    }

    /// <summary>Channels that share the connections.</summary>
    internal int ListeningCount => listening.Length;

    /// <summary>The connection that packets take.</summary>
    internal MqttLink LinkFor(bool isBulk) => isBulk ? Bulk : Control;

    /// <summary>A packet that did not come over the broker; its sender's agent is who the topic says.</summary>
    internal void TakeDirect(DataTopic topic, ReadOnlySequence<byte> packet)
    {
        foreach (var channel in DirectChannels)
        {
            channel.Take(topic, packet);
        }
    }

    internal void Listen(MqttChannel channel)
    {
        lock (gate)
        {
            channels.Add(channel);
            listening = [.. channels];
        }
    }

    internal void Unlisten(MqttChannel channel)
    {
        lock (gate)
        {
            channels.Remove(channel);
            listening = [.. channels];
        }
    }

    /// <summary>Posts a retained message and repeats it after every reconnect.</summary>
    internal Task RetainAsync(string topic, byte[] payload, CancellationToken cancellationToken)
    {
        book.Keep(topic, payload);
        return Control.PublishAsync(topic, payload, retain: true, cancellationToken);
    }

    /// <summary>Takes a retained message down.</summary>
    internal Task ClearAsync(string topic, CancellationToken cancellationToken)
    {
        book.Drop(topic);
        return Control.PublishAsync(topic, ReadOnlyMemory<byte>.Empty, retain: true, cancellationToken);
    }

    /// <summary>Somebody else's value stands where ours should: post ours again.</summary>
    internal void Correct(string topic, ReadOnlySpan<byte> found)
    {
        if (book.Find(topic) is { } ours && !found.SequenceEqual(ours))
        {
            repeats.Writer.TryWrite(topic);
        }
    }

    private static void RequireUsable(MqttOptions options)
    {
        if (options.Broker is not { IsAbsoluteUri: true, Scheme: "mqtt" or "mqtts" })
        {
            throw new ChannelException($"'{options.Broker}' is no broker address; write mqtt://host:port, or mqtts://host:port for TLS") { Fault = ChannelFault.BrokerUnreachable };
        }

        if (options.Protocol is not ("auto" or "5" or "3.1.1"))
        {
            throw new ChannelException($"'{options.Protocol}' is no version of MQTT: write auto, 5 or 3.1.1") { Fault = ChannelFault.BrokerUnreachable };
        }

        if (options.CertificateFile is null != options.KeyFile is null)
        {
            throw new ChannelException("a certificate and its key go together: give both files, or neither") { Fault = ChannelFault.BrokerUnreachable };
        }

        if (!options.IsTls && (options.CertificateFile ?? options.CaFile) is { } file)
        {
            throw new ChannelException($"{file} is of no use without TLS: write mqtts://{options.Host} for the broker's address") { Fault = ChannelFault.BrokerUnreachable };
        }
    }

    private byte[] AliveNoteOf(int connection, string state) =>
        JsonSerializer.SerializeToUtf8Bytes(new AliveNote(SessionId, connection, state), PresenceJson.Default.AliveNote);

    /// <summary>What stands retained is repeated on every new connection, the life sign first.</summary>
    private async Task AnnounceAsync(MqttConnection connection)
    {
        book.Keep(aliveTopic, AliveNoteOf(connection.Number, AliveNote.Online));
        foreach (var (topic, payload) in book.All().OrderBy(entry => entry.Key == aliveTopic ? 0 : 1))
        {
            try
            {
                await connection.PublishAsync(MqttLink.ToMessage(topic, new ReadOnlySequence<byte>(payload), retain: true));
            }
            catch (MqttRefusedException exception) when (topic != aliveTopic)
            {
                // One notice that may not be posted, or not any more, must not keep the whole agent out for ever.
                book.Drop(topic);
                LogNotAnnounced(topic, exception.Message);
            }
        }
    }

    /// <summary>One after the other: while one is away the other is heard.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        await Control.RenewAsync(cancellationToken);
        await Bulk.RenewAsync(cancellationToken);
    }

    private void OnControlConnecting()
    {
        foreach (var channel in listening)
        {
            channel.Connecting();
        }
    }

    private void OnConnected()
    {
        foreach (var channel in listening)
        {
            channel.Reconnected();
        }
    }

    private void Dispatch(MqttApplicationMessage message)
    {
        switch (Topics.Read(message.Topic))
        {
            case DataTopic data:
                foreach (var channel in listening)
                {
                    channel.Take(data, message.Payload);
                }

                break;
            case HereTopic here when message.Payload.ToArray() is var note:
                foreach (var look in looking)
                {
                    look.Take(message.Topic, note);
                }

                if (here.Agent == Agent)
                {
                    CorrectHere(message.Topic, note);
                }

                foreach (var channel in listening)
                {
                    channel.Here(here, note);
                }

                break;
            case AliveTopic alive when message.Payload.ToArray() is var note:
                if (alive.Agent == Agent)
                {
                    Correct(message.Topic, note);
                    foreach (var look in looking)
                    {
                        look.Echo(isRetained: message.Retain);
                    }
                }

                Board.Tell(new Bulletin(BulletinTopic.OfFleet(alive.Agent, BulletinKind.Alive), note));
                if (PresenceJson.ReadAlive(note) is { } sign)
                {
                    foreach (var channel in listening)
                    {
                        channel.Alive(alive.Agent, sign);
                    }
                }

                break;
            case NoticeTopic notice:
                Board.Tell(new Bulletin(notice.Topic, message.Payload.ToArray()));
                break;
            default:
                feed.Take(message);
                break;
        }
    }

    private void CorrectHere(string topic, byte[] found)
    {
        if (book.Find(topic) is { } ours
            && PresenceJson.ReadHere(found) is { } other
            && PresenceJson.ReadHere(ours) is { } own
            && other.Incarnation > own.Incarnation)
        {
            // A newer run of the worker stands there: this one must not push it aside.
            LogFenced(topic);
            return;
        }

        Correct(topic, found);
    }

    private async Task RepeatAsync()
    {
        try
        {
            await foreach (var topic in repeats.Reader.ReadAllAsync(stopping.Token))
            {
                if (book.Find(topic) is { } ours)
                {
                    LogRepeat(topic);
                    await Control.PublishAsync(topic, ours, retain: true, stopping.Token);

                    // Two who correct each other must not fill the network.
                    await Task.Delay(RepeatPause, time, stopping.Token);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelException)
        {
            // Disposed, or not allowed to post at all, which whoever posted first has been told.
        }
    }

    private async Task SayGoodByeAsync()
    {
        if (book.Find(aliveTopic) is not { } sign || PresenceJson.ReadAlive(sign) is not { } last)
        {
            return;
        }

        using var bound = new CancellationTokenSource(options.ConnectTimeout, time);
        book.Drop(aliveTopic);
        try
        {
            await Control.PublishAsync(aliveTopic, AliveNoteOf(last.Connection, AliveNote.Lost), retain: true, bound.Token);
            if (options.IsVisit)
            {
                // Who listens has heard it.
                await Control.PublishAsync(aliveTopic, ReadOnlyMemory<byte>.Empty, retain: true, bound.Token);
            }
        }
        catch (Exception exception) when (exception is ChannelException || MqttLink.IsConnectionTrouble(exception))
        {
            // Without a broker there is nobody to say it to; the will speaks for us.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker takes nothing on {Topic} ({Cause}): it is not repeated any more. Check the access rights.")]
    private partial void LogNotAnnounced(string topic, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "Another value stood under {Topic}; ours is posted again.")]
    private partial void LogRepeat(string topic);

    [LoggerMessage(Level = LogLevel.Error, Message = "A newer run of the worker stands under {Topic}: this run has been replaced. Stop it.")]
    private partial void LogFenced(string topic);
}
