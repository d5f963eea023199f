using System.Buffers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Channels.Presence;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt.Direct;

/// <summary>An agent among its peers: it listens, knows who may come in, and keeps one way to each.</summary>
internal sealed partial class PeerNode : IAsyncDisposable
{
    // What is told of those who are turned away; more is only noise.
    private const int Complaints = 64;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromSeconds(1);

    private readonly MqttSession session;
    private readonly DirectOptions options;
    private readonly PeerTrust trust;
    private readonly PeerHandshake handshake;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim listening = new(1, 1);
    private readonly SemaphoreSlim handshakes;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<AgentId, PeerLink> links = [];
    private readonly List<Task> welcomes = [];
    private readonly HashSet<string> complaints = [];
    private readonly Task beating;
    private PeerListener? listener;
    private Task accepting = Task.CompletedTask;
    private TaskCompletionSource presence = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long queuedBytes;
    private long sent;
    private long received;

    public PeerNode(MqttSession session)
    {
        this.session = session;
        options = session.Options.Direct;
        logger = session.Loggers.CreateLogger<PeerNode>();
        trust = new PeerTrust(session.Options, session.Agent, session.Time);
        handshake = new PeerHandshake(session.Agent, session.SessionId, session.Topics, trust, options, session.Time);
        handshakes = new SemaphoreSlim(options.MaximumHandshakes);
        beating = BeatAsync();
    }

    /// <summary>Bytes of packets so far; those that went over the broker not included.</summary>
    public MqttTraffic Traffic => new(Interlocked.Read(ref sent), Interlocked.Read(ref received));

    /// <summary>Begins to listen, where it does not yet; what to announce, or null where it cannot: then it may still reach others.</summary>
    public async Task<PeerAddress?> ListenAsync(CancellationToken cancellationToken)
    {
        await listening.WaitAsync(cancellationToken);
        try
        {
            if (listener is null)
            {
                listener = await PeerListener.StartAsync(options, session.Options.Host, trust.Fingerprint, cancellationToken);
                accepting = AcceptAsync(listener);
            }
        }
        catch (SocketException exception)
        {
            LogDeaf(exception.Message);
        }
        finally
        {
            listening.Release();
        }

        return listener?.Address;
    }

    /// <summary>A copy of a packet for <see cref="TrySend"/>, the caller's to release; null where so much is under way already that this one is dropped.</summary>
    public SharedPacket? Copy(ReadOnlySequence<byte> packet, bool isBulk)
    {
        if (Interlocked.Add(ref queuedBytes, packet.Length) > options.TotalQueueBytes && isBulk)
        {
            Interlocked.Add(ref queuedBytes, -packet.Length);
            return null;
        }

        return new SharedPacket(packet, length => Interlocked.Add(ref queuedBytes, -length));
    }

    /// <summary>Takes a packet for an agent; false where it must go over the broker.</summary>
    public bool TrySend(AgentId agent, HereNote note, QueuedPacket packet) => LinkTo(agent) is { } link && link.TrySend(note, packet);

    /// <summary>Somebody's presence has changed: who waited to be known may be.</summary>
    public void PresenceChanged() => Interlocked.Exchange(ref presence, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener?.Dispose();
        await accepting;
        await beating;
        Task[] guests;
        PeerLink[] all;
        lock (gate)
        {
            guests = [.. welcomes];
            all = [.. links.Values];
            links.Clear();
        }

        await Task.WhenAll(guests);
        await Task.WhenAll(all.Select(link => link.DisposeAsync().AsTask()));
        trust.Dispose();
        listening.Dispose();
        handshakes.Dispose();
        stopping.Dispose();
    }

    private PeerLink? LinkTo(AgentId agent)
    {
        lock (gate)
        {
            if (stopping.IsCancellationRequested)
            {
                return null;
            }

            if (!links.TryGetValue(agent, out var link))
            {
                links[agent] = link = new PeerLink(session.Agent, agent, handshake, Take, RelayAsync, bytes => Interlocked.Add(ref sent, bytes), options, session.Time, logger);
            }

            return link;
        }
    }

    private async Task AcceptAsync(PeerListener at)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await at.AcceptAsync(stopping.Token);
                if (!handshakes.Wait(0))
                {
                    socket.Dispose();
                    continue;
                }

                lock (gate)
                {
                    welcomes.RemoveAll(static welcome => welcome.IsCompleted);
                    welcomes.Add(WelcomeAsync(socket));
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException || stopping.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of files, or gone before it was welcomed: not so often that it matters.
                await Task.Delay(AcceptPause, session.Time, stopping.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private async Task WelcomeAsync(Socket socket)
    {
        await Task.Yield(); // Begun under the lock.
        var from = socket.RemoteEndPoint;
        try
        {
            var connection = await handshake.AcceptAsync(socket, JudgeAsync, stopping.Token);
            if (LinkTo(connection.Agent) is { } link)
            {
                link.Add(connection);
            }
            else
            {
                connection.Dispose();
            }
        }
        catch (Exception exception) when (PeerTrouble.Is(exception))
        {
            Complain(from?.ToString() ?? "somebody", PeerTrouble.Of(exception));
        }
        finally
        {
            handshakes.Release();
        }
    }

    /// <summary>Believed is who stands in the plan of a channel here, is present on it as the broker tells, with this very run, and shows the certificate that belongs to it.
    /// Whoever is quicker than the news of his presence is waited for, as long as a handshake may take.</summary>
    private async Task<string?> JudgeAsync(AgentId agent, string run, X509Certificate2 shown, CancellationToken cancellationToken)
    {
        while (true)
        {
            var change = Volatile.Read(ref presence).Task;
            var channels = session.DirectChannels.Where(channel => channel.Places(agent)).ToList();
            if (channels.Count == 0)
            {
                return "it is no agent of a channel here";
            }

            if (channels.SelectMany(channel => channel.NotesOf(agent)).FirstOrDefault(note => note.Session == run) is { } note)
            {
                return trust.Fault(shown, agent, note.Peer?.Fingerprint) is { } fault ? $"it says it is {agent}: {fault}" : null;
            }

            await change.WaitAsync(cancellationToken);
        }
    }

    private void Take(PeerLink link, string topic, ReadOnlyMemory<byte> packet)
    {
        switch (session.Topics.Read(topic))
        {
            case DataTopic data when data.Agent == link.Agent:
                Interlocked.Add(ref received, packet.Length);
                session.TakeDirect(data, new ReadOnlySequence<byte>(packet));
                break;
            case AliveTopic alive when alive.Agent == link.Agent:
                break;
            default:
                throw new Diagnostics.PayloadException($"{link.Agent} speaks in another's name");
        }
    }

    private async ValueTask RelayAsync(string topic, QueuedPacket packet, CancellationToken cancellationToken) =>
        await session.LinkFor(packet.IsBulk).PublishOnceAsync(topic, new ReadOnlySequence<byte>(packet.Packet.Bytes), cancellationToken);

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(options.HeartbeatEvery, session.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                PeerLink[] left, kept;
                lock (gate)
                {
                    left = [.. links.Values.Where(link => !session.DirectChannels.Any(channel => channel.NotesOf(link.Agent).Count > 0))];
                    kept = [.. links.Values.Except(left)];
                    foreach (var link in left)
                    {
                        links.Remove(link.Agent);
                    }
                }

                foreach (var link in kept)
                {
                    link.Beat();
                }

                foreach (var link in left)
                {
                    await link.DisposeAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private void Complain(string from, string why)
    {
        bool isNews;
        lock (gate)
        {
            isNews = complaints.Count < Complaints && complaints.Add(why);
        }

        if (isNews)
        {
            LogTurnedAway(from, why);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No peer can connect to this agent ({Cause}): it may still reach others, else what is for it goes over the broker. Set peer.listen, peer.announce and peer.ports.")]
    private partial void LogDeaf(string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection from {From} was turned away: {Why}. More of this kind are not told.")]
    private partial void LogTurnedAway(string from, string why);
}
