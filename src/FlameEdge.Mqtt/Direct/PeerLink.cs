using FlameEdge.Channels.Presence;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace FlameEdge.Mqtt.Direct;

/// <summary>The way to one agent: its connections, of which one is written to, what waits for it, and the attempts to reach it.</summary>
/// <remarks>A packet that was on a connection when that broke is lost; the transfer protocol asks for it again. Nobody waits here for a peer: one that is stuck fills its own queue.</remarks>
internal sealed partial class PeerLink : IAsyncDisposable
{
    // Two that open at the same time, one that comes back before the old is noticed: more is nonsense.
    private const int MaximumConnections = 4;

    // Then it is left alone until there is something to send.
    private const int MaximumAttempts = 10;

    private readonly AgentId self;
    private readonly AgentId agent;
    private readonly PeerHandshake handshake;
    private readonly Action<PeerLink, string, ReadOnlyMemory<byte>> received;
    private readonly Func<string, QueuedPacket, CancellationToken, ValueTask> relay;
    private readonly Action<int> sent;
    private readonly DirectOptions options;
    private readonly ILogger logger;
    private readonly ResiliencePipeline redial;
    private readonly Lock gate = new();
    private readonly PacketQueue queue;
    private readonly SemaphoreSlim waiting = new(0);
    private readonly CancellationTokenSource stopping = new();
    private readonly List<(PeerConnection Connection, Task Reading)> open = [];
    private readonly Task writing;
    private PeerConnection? best;
    private HereNote? note;
    private Task dialing = Task.CompletedTask;
    private TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isUnreachable;
    private bool isBeatDue;
    private bool isClosed;

    /// <param name="self">This agent.</param>
    /// <param name="agent">The other.</param>
    /// <param name="handshake">Opens connections.</param>
    /// <param name="received">Told every frame; must be quick, and copy what it keeps.</param>
    /// <param name="relay">Publishes at the broker.</param>
    /// <param name="sent">Told the bytes of every packet that went straight to the agent.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">The clock of retries.</param>
    /// <param name="logger">Hears of losses and returns.</param>
    public PeerLink(
        AgentId self,
        AgentId agent,
        PeerHandshake handshake,
        Action<PeerLink, string, ReadOnlyMemory<byte>> received,
        Func<string, QueuedPacket, CancellationToken, ValueTask> relay,
        Action<int> sent,
        DirectOptions options,
        TimeProvider time,
        ILogger logger)
    {
        (this.self, this.agent, this.handshake, this.received, this.relay, this.sent, this.options, this.logger) = (self, agent, handshake, received, relay, sent, options, logger);
        queue = new PacketQueue(options.QueueBytes);
        redial = new ResiliencePipelineBuilder { TimeProvider = time, Name = $"dial {agent}" }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = static attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } exception && PeerTrouble.Is(exception)),
                MaxRetryAttempts = MaximumAttempts,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryAfter,
                MaxDelay = options.RetryAtMost,
            })
            .Build();
        writing = WriteAsync();
    }

    /// <summary>The agent at the other end.</summary>
    public AgentId Agent => agent;

    /// <summary>Takes a packet for the agent; false where it must go over the broker, because the agent is not reached at present.</summary>
    /// <param name="present">What the agent has posted last.</param>
    /// <param name="packet">The packet; its bytes are held for as long as they are needed.</param>
    public bool TrySend(HereNote present, QueuedPacket packet)
    {
        lock (gate)
        {
            note = present;
            if (best is null && isUnreachable)
            {
                Dial();
                return false;
            }

            if (isClosed || !queue.TryAdd(packet))
            {
                return !isClosed;
            }
        }

        waiting.Release();
        return true;
    }

    /// <summary>Takes over a connection that has been established; who waited for one goes on.</summary>
    public void Add(PeerConnection connection)
    {
        PeerConnection? surplus;
        bool isNews;
        lock (gate)
        {
            if (isClosed)
            {
                connection.Dispose();
                return;
            }

            open.Add((connection, ReadAsync(connection)));
            Choose();
            surplus = open.Count > MaximumConnections ? open.First(entry => entry.Connection != best).Connection : null;
            (isNews, isUnreachable) = (isUnreachable, false);
            reached.TrySetResult();
        }

        surplus?.Dispose();
        if (isNews)
        {
            LogReached(agent);
        }
    }

    /// <summary>Time has passed: says that this side lives, and gives up what is stuck.</summary>
    public void Beat()
    {
        lock (gate)
        {
            foreach (var (connection, _) in open.Where(entry => entry.Connection.IsStuck(options.SilentAfter)).ToList())
            {
                connection.Dispose();
            }

            if (best is null || isBeatDue)
            {
                return;
            }

            isBeatDue = true;
        }

        waiting.Release();
    }

    public async ValueTask DisposeAsync()
    {
        Task[] readings;
        lock (gate)
        {
            isClosed = true;
            readings = [.. open.Select(entry => entry.Reading)];
            foreach (var (connection, _) in open)
            {
                connection.Dispose();
            }
        }

        await stopping.CancelAsync();
        await writing;
        await dialing;
        await Task.WhenAll(readings);
        while (queue.Take() is { } packet)
        {
            packet.Packet.Release();
        }

        waiting.Dispose();
        stopping.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                await waiting.WaitAsync(stopping.Token);
                QueuedPacket? packet;
                lock (gate)
                {
                    packet = isBeatDue ? null : queue.Take();
                    isBeatDue = false;
                }

                if (packet is null)
                {
                    await WriteAsync(best, handshake.GreetingTopic, handshake.Greeting);
                    continue;
                }

                try
                {
                    await CarryAsync(packet);
                }
                finally
                {
                    packet.Packet.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task CarryAsync(QueuedPacket packet)
    {
        // The second try is for a connection that was lost without anybody having noticed.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (await ReachAsync() is not { } connection)
            {
                foreach (var topic in packet.Relays)
                {
                    await relay(topic, packet, stopping.Token);
                }

                return;
            }

            if (await WriteAsync(connection, packet.Topic, packet.Packet.Bytes))
            {
                sent(packet.Packet.Bytes.Length);
                return;
            }
        }
    }

    private async Task<bool> WriteAsync(PeerConnection? connection, string topic, ReadOnlyMemory<byte> packet)
    {
        if (connection is null)
        {
            return false;
        }

        try
        {
            await connection.WriteAsync(topic, packet, stopping.Token);
            return true;
        }
        catch (Exception exception) when (PeerTrouble.Is(exception) && !stopping.IsCancellationRequested)
        {
            Remove(connection, PeerTrouble.Of(exception));
            return false;
        }
    }

    /// <summary>The connection to write to, after one attempt to open it where there is none; null where that fails.</summary>
    private async Task<PeerConnection?> ReachAsync()
    {
        Task attempt;
        lock (gate)
        {
            if (best is not null || isUnreachable)
            {
                return best;
            }

            Dial();
            attempt = reached.Task;
        }

        await attempt.WaitAsync(stopping.Token);
        return best;
    }

    private void Dial()
    {
        if (dialing.IsCompleted && !isClosed)
        {
            reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            dialing = DialAsync();
        }
    }

    private async Task DialAsync()
    {
        await Task.Yield(); // Begun under the lock.
        try
        {
            await redial.ExecuteAsync(async token => await AttemptAsync(token), stopping.Token);
        }
        catch (Exception exception) when (PeerTrouble.Is(exception))
        {
            // Often enough for now, or disposed.
        }
    }

    private async Task AttemptAsync(CancellationToken cancellationToken)
    {
        HereNote present;
        lock (gate)
        {
            if (best is not null)
            {
                return;
            }

            present = note!; // Nobody dials before somebody sends.
        }

        try
        {
            Add(await handshake.DialAsync(agent, present, cancellationToken));
        }
        catch (Exception exception) when (PeerTrouble.Is(exception) && !stopping.IsCancellationRequested)
        {
            Fail(present, exception);
            throw;
        }
    }

    private void Fail(HereNote present, Exception exception)
    {
        bool isNews;
        lock (gate)
        {
            isNews = best is null && !isUnreachable;
            isUnreachable = best is null;
            reached.TrySetResult();
        }

        if (isNews)
        {
            LogUnreachable(agent, present.Peer is { } address ? $"{address.Host}:{address.Port}" : "no address", PeerTrouble.Of(exception));
        }
    }

    private async Task ReadAsync(PeerConnection connection)
    {
        await Task.Yield(); // Begun under the lock.
        try
        {
            while (await connection.ReadAsync(PeerFrame.LongestPacket, (topic, packet) => received(this, topic, packet), stopping.Token))
            {
                // Until it ends.
            }

            Remove(connection, "closed by the other side");
        }
        catch (Exception exception) when (PeerTrouble.Is(exception))
        {
            Remove(connection, PeerTrouble.Of(exception));
        }
    }

    private void Remove(PeerConnection connection, string why)
    {
        bool isNews;
        lock (gate)
        {
            isNews = open.RemoveAll(entry => entry.Connection == connection) > 0 && !isClosed;
            Choose();
        }

        connection.Dispose();
        if (isNews)
        {
            LogLost(agent, why);
        }
    }

    /// <summary>Both sides must choose the same: of the newest run of the other process the connection that the agent of the smaller name has opened last.</summary>
    private void Choose()
    {
        var doesDial = string.CompareOrdinal(self.Value, agent.Value) < 0;
        var ofRun = open.Select(entry => entry.Connection).Where(connection => connection.Session == open[^1].Connection.Session).ToList();
        best = ofRun.LastOrDefault(connection => connection.IsDialed == doesDial) ?? ofRun.LastOrDefault();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Agent} is not reached directly at {Address} ({Cause}): what is for it goes over the broker until it is.")]
    private partial void LogUnreachable(AgentId agent, string address, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Agent} is reached directly again.")]
    private partial void LogReached(AgentId agent);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A direct connection with {Agent} has ended ({Cause}).")]
    private partial void LogLost(AgentId agent, string cause);
}
