using System.Net;
using System.Net.Sockets;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace FlameEdge.Mqtt;

/// <summary>A broker within this process: laptop runs need no other. Retained messages and sessions live as long as it does.</summary>
public sealed partial class EmbeddedBroker : IAsyncDisposable
{
    // A free port found by asking the system may be taken before we listen on it; then another is tried.
    private const int PortAttempts = 8;

    private readonly MqttServer server;
    private readonly EmbeddedBrokerOptions options;
    private readonly ILogger logger;
    private long published;
    private long delivered;
    private long dropped;
    private int isStopped;

    private EmbeddedBroker(MqttServer server, EmbeddedBrokerOptions options, int port, ILogger logger)
    {
        this.server = server;
        this.options = options;
        this.logger = logger;
        Port = port;
        server.ValidatingConnectionAsync += OnConnectingAsync;
        if (options is { Access: not null } or { PasswordFile: not null })
        {
            new EmbeddedGate(options.Access, options.PasswordFile is { } file ? new PasswordBook(file) : null, LogNoPasswords).Guard(server);
        }

        server.InterceptingPublishAsync += OnPublishAsync;
        server.InterceptingClientEnqueueAsync += OnEnqueueAsync;
        server.QueuedApplicationMessageOverwrittenAsync += OnOverwrittenAsync;
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Where clients on this machine find it.</summary>
    public Uri Uri => new($"{(options.IsTls ? "mqtts" : "mqtt")}://{(options.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : options.Address)}:{Port}");

    /// <summary>What it has carried so far.</summary>
    public BrokerTraffic Traffic => new(Interlocked.Read(ref published), Interlocked.Read(ref delivered), Interlocked.Read(ref dropped));

    /// <summary>Raised with a client's id when a packet for it was dropped because its queue was full.</summary>
    public event EventHandler<PacketDroppedEventArgs>? PacketDropped;

    /// <summary>Starts a broker; it accepts connections when the task completes.</summary>
    /// <exception cref="ChannelException">The port is taken (<see cref="ChannelFault.PortInUse"/>) or cannot be listened on.</exception>
    public static async Task<EmbeddedBroker> StartAsync(EmbeddedBrokerOptions options, ILogger<EmbeddedBroker>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        RequireUsable(options);

        for (var attempt = 1; ; attempt++)
        {
            var port = options.Port == 0 ? FreePort(options.Address) : options.Port;
            var broker = new EmbeddedBroker(new MqttServerFactory().CreateMqttServer(Configure(options, port)), options, port, logger ?? NullLogger<EmbeddedBroker>.Instance);
            try
            {
                await broker.server.StartAsync();
                return broker;
            }
            catch (SocketException exception)
            {
                broker.server.Dispose();
                if (options.Port == 0 && attempt < PortAttempts)
                {
                    continue;
                }

                throw exception.SocketErrorCode is SocketError.AddressAlreadyInUse
                    ? new ChannelException($"port {port} on {options.Address} is taken by another program; stop it or choose another port (0 takes a free one)", exception) { Fault = ChannelFault.PortInUse }
                    : new ChannelException($"cannot listen on {options.Address}:{port}: {exception.Message}; choose an address of this machine and a port above 1023", exception);
            }
        }
    }

    /// <summary>Waits until every client has gone by itself, or the bound is over: those of other processes have something to say at a job's end.</summary>
    public async Task WaitUntilUnusedAsync(TimeSpan bound)
    {
        using var patience = new CancellationTokenSource(bound);
        while (!patience.IsCancellationRequested && (await server.GetClientsAsync()).Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Stops it; connections are closed. Returns after <see cref="EmbeddedBrokerOptions.StopTimeout"/> at the latest.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref isStopped, 1) != 0)
        {
            return;
        }

        try
        {
            await server.StopAsync(new MqttServerStopOptions()).WaitAsync(options.StopTimeout);
        }
        catch (TimeoutException)
        {
            LogStopGivenUp(Port);
        }

        server.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private static void RequireUsable(EmbeddedBrokerOptions options)
    {
        if (options is { Access: not null, IsTls: false, PasswordFile: null })
        {
            throw new ChannelException("an access list tells clients apart by their certificates or passwords: give the embedded broker authorities, a certificate and its key, or a password file");
        }

        try
        {
            if (options.PasswordFile is { } file)
            {
                new PasswordBook(file).Check();
            }
        }
        catch (StateException exception)
        {
            throw new ChannelException(exception.Message, exception);
        }
    }

    private static MqttServerOptions Configure(EmbeddedBrokerOptions options, int port)
    {
        try
        {
            return Listening(new MqttServerOptionsBuilder(), options, port)
                .WithMaxPendingMessagesPerClient(options.QueueLimit)
                .WithPendingMessagesOverflowStrategy(MqttPendingMessagesOverflowStrategy.DropOldestQueuedMessage)
                .WithPersistentSessions()
                .Build();
        }
        catch (CredentialsException exception)
        {
            throw new ChannelException(exception.Message, exception);
        }
    }

    private static MqttServerOptionsBuilder Listening(MqttServerOptionsBuilder builder, EmbeddedBrokerOptions options, int port) => options.IsTls
        ? EmbeddedTls.AddListener(builder, options, port)
        : builder
            .WithDefaultEndpoint()
            .WithDefaultEndpointBoundIPAddress(options.Address)
            .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
            .WithDefaultEndpointPort(port);

    private static int FreePort(IPAddress address)
    {
        using var probe = new TcpListener(address, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    // A client of MQTT 5 may leave its name to the broker, and people's tools do. For MQTT 3.1.1 the server gives us no such say.
    private static Task OnConnectingAsync(ValidatingConnectionEventArgs connecting)
    {
        if (connecting.ClientId is null or "")
        {
            connecting.AssignedClientIdentifier = $"guest-{Guid.NewGuid():n}";
        }

        return Task.CompletedTask;
    }

    private Task OnPublishAsync(InterceptingPublishEventArgs publish)
    {
        if (publish.ApplicationMessage.Payload.Length > options.MaximumPacketBytes)
        {
            LogTooLarge(publish.ClientId, publish.ApplicationMessage.Payload.Length, options.MaximumPacketBytes);
            publish.ProcessPublish = false;
            publish.CloseConnection = true;
            return Task.CompletedTask;
        }

        Interlocked.Increment(ref published);
        return Task.CompletedTask;
    }

    private Task OnEnqueueAsync(InterceptingClientApplicationMessageEnqueueEventArgs enqueue)
    {
        Interlocked.Increment(ref delivered);
        return Task.CompletedTask;
    }

    private Task OnOverwrittenAsync(QueueMessageOverwrittenEventArgs overwritten)
    {
        // The first is an error an operator should see; thousands more would only hide it.
        if (Interlocked.Increment(ref dropped) == 1)
        {
            LogDropped(overwritten.ReceiverClientId, options.QueueLimit);
        }

        PacketDropped?.Invoke(this, new PacketDroppedEventArgs(overwritten.ReceiverClientId));
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The embedded broker dropped a packet for {Client}: {Limit} were waiting. It reads too slowly or not at all; further drops are only counted.")]
    private partial void LogDropped(string client, int limit);

    [LoggerMessage(Level = LogLevel.Error, Message = "The embedded broker lets nobody in by password: {Why}")]
    private partial void LogNoPasswords(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The embedded broker disconnected {Client}: a payload of {Bytes} bytes exceeds the limit of {Limit}.")]
    private partial void LogTooLarge(string client, long bytes, int limit);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The embedded broker on port {Port} did not stop in time and was left behind.")]
    private partial void LogStopGivenUp(int port);
}

/// <summary>Packets a broker has carried.</summary>
/// <param name="Published">Packets taken from clients.</param>
/// <param name="Delivered">Packets queued for clients; one published packet counts once for each subscriber.</param>
/// <param name="Dropped">Packets lost because a client's queue was full.</param>
public readonly record struct BrokerTraffic(long Published, long Delivered, long Dropped);

/// <summary>A packet was lost in the broker.</summary>
/// <param name="client">The client it was meant for.</param>
public sealed class PacketDroppedEventArgs(string client) : EventArgs
{
    /// <summary>The client it was meant for.</summary>
    public string Client { get; } = client;
}
