using System.Net;
using System.Net.Sockets;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Metering;

/// <summary>Stands before a broker's port, passes on whatever comes and counts it: every byte of every client, both ways, headers and pings included, whichever broker it is.</summary>
/// <remarks>Without TLS only: what is encrypted cannot be told apart. TCP's own headers are not counted.</remarks>
public sealed class BrokerRelay : IAsyncDisposable
{
    private const int PieceBytes = 16 * 1024;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly Dictionary<WireKind, long> bytes = [];
    private readonly List<Task> connections = [];
    private readonly Lock gate = new();
    private readonly TopicScheme topics;
    private readonly Uri broker;
    private readonly Task accepting;

    private BrokerRelay(Uri broker, string prefix)
    {
        (this.broker, topics) = (broker, new TopicScheme(prefix));
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where clients find it.</summary>
    public Uri Uri => new($"mqtt://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Bytes so far, by what they are for.</summary>
    public IReadOnlyDictionary<WireKind, long> Bytes
    {
        get
        {
            lock (gate)
            {
                return new Dictionary<WireKind, long>(bytes);
            }
        }
    }

    /// <summary>Starts a relay before <paramref name="broker"/>.</summary>
    /// <param name="broker">mqtt://host:port.</param>
    /// <param name="prefix">The first level of the topics.</param>
    /// <exception cref="ChannelException">The address is encrypted.</exception>
    public static BrokerRelay Start(Uri broker, string prefix = "flameedge") =>
        broker.Scheme == "mqtt" ? new BrokerRelay(broker, prefix) : throw new ChannelException($"{broker}: bytes can be counted without TLS only; name the broker's plain port, mqtt://host:port");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Dispose();
        await accepting;
        Task[] open;
        lock (gate)
        {
            open = [.. connections];
        }

        await Task.WhenAll(open);
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!ending.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync(ending.Token);
                lock (gate)
                {
                    connections.RemoveAll(static connection => connection.IsCompleted);
                    connections.Add(CarryAsync(client));
                }
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or InvalidOperationException)
            {
                return; // The relay ends.
            }
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient { NoDelay = true })
        using (var closing = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(broker.Host, broker.Port, closing.Token);
                var up = PumpAsync(client.GetStream(), server.GetStream(), closing.Token);
                var down = PumpAsync(server.GetStream(), client.GetStream(), closing.Token);

                // A side that has closed has nothing more to hear.
                await Task.WhenAny(up, down);
                await closing.CancelAsync();
                await Task.WhenAll(up, down);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
            {
                // The client sees a closed connection and does what it does then.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, CancellationToken cancellationToken)
    {
        var meter = new WireMeter(topics, Count);
        var buffer = new byte[PieceBytes];
        while (await from.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            meter.Feed(buffer.AsSpan(0, count));
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private void Count(WireKind kind, int count)
    {
        lock (gate)
        {
            bytes[kind] = bytes.GetValueOrDefault(kind) + count;
        }
    }
}
