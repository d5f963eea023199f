using System.Net.Sockets;
using FlameEdge.Diagnostics;
using Microsoft.Extensions.Logging;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace FlameEdge.Mqtt;

/// <summary>A connection that comes back: it remembers its subscriptions and renews them after every reconnect.</summary>
internal sealed partial class MqttLink : IAsyncDisposable
{
    // In MQTT 3.1.1 a publish cannot be refused, and RabbitMQ ends the connection instead. A broker that only restarts does not meet the same request so often.
    private const int HangUpsThatRefuse = 8;

    private readonly string clientId;
    private readonly MqttOptions options;
    private readonly Func<int, MqttProtocolVersion, ConnectAttempt> configure;
    private readonly Action connecting;
    private readonly Func<MqttConnection, Task> connectedFirst;
    private readonly Action connected;
    private readonly Action<MqttApplicationMessage> received;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ResiliencePipeline reconnect;
    private readonly MqttTrafficCounter traffic = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> filters = [];
    private readonly CancellationTokenSource stopping = new();
    private TaskCompletionSource<MqttConnection> current = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MqttConnection? live;
    private Task running = Task.CompletedTask;
    private int connectionCount;
    private long lastWord;
    private int hasToldOfRefusal;

    /// <param name="clientId">The MQTT client id.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="configure">Makes the options of the n-th connection in a version of MQTT.</param>
    /// <param name="connecting">Told before a new connection subscribes, that is before retained messages come again.</param>
    /// <param name="connectedFirst">What a new connection does before anybody else may use it.</param>
    /// <param name="connected">Told when a new connection may be used.</param>
    /// <param name="received">Told every message; must be quick.</param>
    /// <param name="time">The clock of retries.</param>
    /// <param name="logger">Hears of losses and returns.</param>
    public MqttLink(
        string clientId,
        MqttOptions options,
        Func<int, MqttProtocolVersion, ConnectAttempt> configure,
        Action connecting,
        Func<MqttConnection, Task> connectedFirst,
        Action connected,
        Action<MqttApplicationMessage> received,
        TimeProvider time,
        ILogger logger)
    {
        this.clientId = clientId;
        this.options = options;
        this.configure = configure;
        this.connecting = connecting;
        this.connectedFirst = connectedFirst;
        this.connected = connected;
        this.received = received;
        this.time = time;
        this.logger = logger;
        lastWord = time.GetTimestamp();
        reconnect = Pipeline();
    }

    /// <summary>The broker's bound on a packet, as the present connection learned it.</summary>
    public int MaximumPacketBytes { get; private set; } = int.MaxValue;

    /// <summary>True while there is a connection that nobody has given up.</summary>
    public bool IsConnected
    {
        get
        {
            lock (gate)
            {
                return live is not null;
            }
        }
    }

    /// <summary>Bytes of messages so far, over all connections.</summary>
    public MqttTraffic Traffic => traffic.Total;

    /// <summary>Time since the broker last said anything.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref lastWord));

    /// <summary>Whether an error is the network's or the broker's, rather than ours.</summary>
    public static bool IsConnectionTrouble(Exception exception) =>
        exception is MqttRefusedException or CredentialsException or MqttCommunicationException or MqttProtocolViolationException or MqttClientNotConnectedException or SocketException or IOException
            or OperationCanceledException or TimeoutException or TimeoutRejectedException or ObjectDisposedException or InvalidOperationException;

    /// <summary>Connects for the first time and keeps connected from then on.</summary>
    /// <exception cref="ChannelException">The broker cannot be reached within the start's bound, or refuses this client.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(options.StartTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken, stopping.Token);
        Exception? last = null;
        try
        {
            var connection = await reconnect.ExecuteAsync(async token => await ConnectOrRefuseAsync(exception => last = MoreTelling(last, exception), token), either.Token);
            running = RunAsync(connection);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsConnectionTrouble(exception))
        {
            throw ConnectFault.Unreachable(last ?? exception, options);
        }
    }

    /// <summary>Subscribes now and after every reconnect; completes when the broker has confirmed.</summary>
    public async Task SubscribeAsync(IReadOnlyCollection<string> added, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            foreach (var filter in added)
            {
                filters[filter] = filters.GetValueOrDefault(filter) + 1;
            }
        }

        await UntilDoneAsync(connection => connection.SubscribeAsync(added, cancellationToken), cancellationToken);
    }

    /// <summary>Subscribes again to those of <paramref name="held"/> that are still held, so that what stands retained there is told again.</summary>
    public Task RenewAsync(IReadOnlyCollection<string> held, CancellationToken cancellationToken)
    {
        string[] still;
        lock (gate)
        {
            still = [.. held.Where(filters.ContainsKey)];
        }

        return UntilDoneAsync(connection => connection.SubscribeAsync(still, cancellationToken), cancellationToken);
    }

    /// <summary>Gives subscriptions up; those that others still hold stay.</summary>
    public async Task UnsubscribeAsync(IReadOnlyCollection<string> removed, CancellationToken cancellationToken)
    {
        List<string> unused = [];
        lock (gate)
        {
            foreach (var filter in removed)
            {
                if (--filters[filter] == 0)
                {
                    filters.Remove(filter);
                    unused.Add(filter);
                }
            }
        }

        // While disconnected there is nothing to give up: what is not in the list is not renewed (and a persistent session's surplus is harmless).
        if (live is { } connection)
        {
            try
            {
                await connection.UnsubscribeAsync(unused, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsConnectionTrouble(exception))
            {
                // The connection went meanwhile.
            }
        }
    }

    /// <summary>Publishes until the broker has the message, across reconnects.</summary>
    public Task PublishAsync(string topic, ReadOnlyMemory<byte> payload, bool retain, CancellationToken cancellationToken) =>
        UntilDoneAsync(connection => connection.PublishAsync(ToMessage(topic, new(payload), retain)), cancellationToken);

    /// <summary>Waits for a connection and publishes once; a packet that is lost with the connection is lost.</summary>
    public async Task PublishOnceAsync(string topic, System.Buffers.ReadOnlySequence<byte> payload, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            await connection.PublishAsync(ToMessage(topic, payload, retain: false)).WaitAsync(cancellationToken);
        }
        catch (MqttRefusedException exception)
        {
            // Whoever waits for an answer will hear from its own timeout; here the cause is told once.
            if (Interlocked.Exchange(ref hasToldOfRefusal, 1) == 0)
            {
                LogRefused(clientId, topic, exception.Message);
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && IsConnectionTrouble(exception))
        {
            await LetGoAsync(connection, exception);
        }
    }

    /// <summary>A message as every part of FlameEdge publishes it.</summary>
    public static MqttApplicationMessage ToMessage(string topic, System.Buffers.ReadOnlySequence<byte> payload, bool retain) => new()
    {
        Topic = topic,
        Payload = payload,
        Retain = retain,
        QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
    };

    /// <summary>Closes the present connection in peace and returns when the next may be used: who it is and what it shows are read anew.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        MqttConnection? old;
        lock (gate)
        {
            old = live;
        }

        if (old is not null)
        {
            // Nobody new may use it; what is under way fails and is repeated on the next.
            Forget(old);
            await old.CloseAsync(options.ConnectTimeout);
            await old.DisposeAsync();
        }

        await ConnectionAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    private void Heard() => Interlocked.Exchange(ref lastWord, time.GetTimestamp());

    private ResiliencePipeline Pipeline() =>
        new ResiliencePipelineBuilder { TimeProvider = time, Name = $"reconnect {clientId}" }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } exception && IsConnectionTrouble(exception)),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.ReconnectAfter,
                MaxDelay = options.ReconnectAtMost,
            })
            .AddTimeout(options.ConnectTimeout)
            .Build();

    private async Task RunAsync(MqttConnection connection)
    {
        while (true)
        {
            await UntilLostAsync(connection);
            Forget(connection);
            if (stopping.IsCancellationRequested)
            {
                await connection.CloseAsync(options.ConnectTimeout);
                await connection.DisposeAsync();
                return;
            }

            if (!connection.IsClosed)
            {
                LogLost(clientId, connection.Reason);
            }

            var wasTakenOver = connection.Reason == MqttClientDisconnectReason.SessionTakenOver;
            await connection.DisposeAsync();
            try
            {
                if (wasTakenOver)
                {
                    // Somebody else uses our name. Coming back at once would throw them out in turn, for ever.
                    LogTakenOver(clientId, options.ReconnectAtMost);
                    await Task.Delay(options.ReconnectAtMost, time, stopping.Token);
                }

                connection = await reconnect.ExecuteAsync(async token => await ConnectAsync(static _ => { }, token), stopping.Token);
                LogBack(clientId, connection.Number);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task UntilLostAsync(MqttConnection connection)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var lost = connection.Lost.Register(() => ended.TrySetResult());
        using var stopped = stopping.Token.Register(() => ended.TrySetResult());
        await ended.Task;
    }

    /// <summary>The bound cuts the last attempt off: what an earlier one was told says more.</summary>
    private static Exception MoreTelling(Exception? known, Exception latest) => latest is TimeoutException ? known ?? latest : latest;

    /// <summary>At the start a refusal is final: a wrong password does not get better.</summary>
    private async Task<MqttConnection> ConnectOrRefuseAsync(Action<Exception> failed, CancellationToken cancellationToken)
    {
        try
        {
            return await ConnectAsync(failed, cancellationToken);
        }
        catch (Exception exception) when (exception is MqttRefusedException or CredentialsException { IsCertain: true })
        {
            throw ConnectFault.Refused(exception, clientId, options);
        }
    }

    /// <summary>Connects with the version the broker is known to take, or, where that is left to us, with the one it takes.</summary>
    private async Task<MqttConnection> ConnectAsync(Action<Exception> failed, CancellationToken cancellationToken)
    {
        var version = options.Versions.First(options.ProtocolWanted);
        try
        {
            var connection = await ConnectAsync(version, failed, cancellationToken);
            if (version == MqttProtocolVersion.V500)
            {
                options.Versions.TookNew();
            }

            return connection;
        }
        catch (Exception failure) when (ProtocolChoice.MayBeOfVersion(failure, options.ProtocolWanted, version))
        {
            var connection = await ConnectAsync(MqttProtocolVersion.V311, failed, cancellationToken);
            options.Versions.TookOldAfter(failure);
            LogOldVersion(clientId);
            return connection;
        }
    }

    private async Task<MqttConnection> ConnectAsync(MqttProtocolVersion version, Action<Exception> failed, CancellationToken cancellationToken)
    {
        var connection = new MqttConnection(++connectionCount, received, Heard, traffic);
        try
        {
            await connection.ConnectAsync(configure(connection.Number, version), options, cancellationToken);
            connecting();
            string[] renewed;
            lock (gate)
            {
                renewed = [.. filters.Keys];
            }

            await connection.SubscribeAsync(renewed, cancellationToken);
            await connectedFirst(connection).WaitAsync(cancellationToken);
            await SubscribeLateAsync(connection, renewed, cancellationToken);
        }
        catch (Exception exception)
        {
            // Cancelled by its time limit, the library speaks of a closed connection.
            failed(cancellationToken.IsCancellationRequested ? new TimeoutException("no answer", exception) : exception);
            await connection.DisposeAsync();
            throw;
        }

        MaximumPacketBytes = connection.MaximumPacketBytes;
        connected();
        return connection;
    }

    /// <summary>Makes the connection the current one in the same breath as it has seen the last filter added.</summary>
    private async Task SubscribeLateAsync(MqttConnection connection, string[] renewed, CancellationToken cancellationToken)
    {
        HashSet<string> known = [.. renewed];
        while (true)
        {
            string[] late;
            lock (gate)
            {
                late = [.. filters.Keys.Where(known.Add)];
                if (late.Length == 0)
                {
                    live = connection;
                    current.TrySetResult(connection);
                    return;
                }
            }

            await connection.SubscribeAsync(late, cancellationToken);
        }
    }

    private Task<MqttConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return current.Task.WaitAsync(cancellationToken);
        }
    }

    private async Task UntilDoneAsync(Func<MqttConnection, Task> action, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping.Token);
        for (var attempt = 1; ; attempt++)
        {
            var connection = await ConnectionAsync(either.Token);
            try
            {
                await action(connection).WaitAsync(either.Token);
                return;
            }
            catch (Exception exception) when (attempt == HangUpsThatRefuse && connection.IsOldVersion && !either.IsCancellationRequested && IsConnectionTrouble(exception))
            {
                throw new ChannelException($"the broker at {options.Host}:{options.Port} has hung up on client {clientId} {attempt} times in a row over one request; with MQTT 3.1.1 that is how some refuse: check its access rights", exception);
            }
            catch (MqttRefusedException exception)
            {
                throw new ChannelException($"the broker at {options.Host}:{options.Port} refuses client {clientId} {exception.Message}; check its access rights", exception);
            }
            catch (Exception exception) when (either.IsCancellationRequested && IsConnectionTrouble(exception))
            {
                // The connection failed and the caller gave up in the same instant: only one of the two is news.
                throw new OperationCanceledException(exception.Message, exception, either.Token);
            }
            catch (Exception exception) when (IsConnectionTrouble(exception))
            {
                await LetGoAsync(connection, exception);
            }
        }
    }

    /// <summary>After a failure the connection is taken for dead: whoever needs one waits for the next.</summary>
    private async Task LetGoAsync(MqttConnection connection, Exception cause)
    {
        LogFailed(clientId, cause.Message);
        Forget(connection);
        await connection.DisposeAsync();
    }

    private void Forget(MqttConnection connection)
    {
        lock (gate)
        {
            if (live == connection)
            {
                live = null;
                current = new TaskCompletionSource<MqttConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker connection {Client} was lost ({Reason}); reconnecting.")]
    private partial void LogLost(string client, MqttClientDisconnectReason reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker connection {Client} is back; it is the {Number}th of this run.")]
    private partial void LogBack(string client, int number);

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker does not take MQTT 5 from {Client}; 3.1.1 is spoken with it.")]
    private partial void LogOldVersion(string client);

    [LoggerMessage(Level = LogLevel.Error, Message = "Another process connected to the broker as {Client}. Two agents share a name, or an older run still lives: stop one. Trying again in {Pause}.")]
    private partial void LogTakenOver(string client, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Error, Message = "The broker refuses what {Client} publishes on {Topic}: {Cause}. Check its access rights; further refusals are not told.")]
    private partial void LogRefused(string client, string topic, string cause);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A packet on {Client} was not taken: {Cause}.")]
    private partial void LogFailed(string client, string cause);
}
