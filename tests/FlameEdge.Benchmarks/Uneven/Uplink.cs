using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Benchmarks.Uneven;

/// <summary>A site's line to the broker: all connections through it share so many bytes a second, each way, by a token bucket. Bytes really wait.</summary>
internal sealed class Uplink : IAsyncDisposable
{
    private const int PieceBytes = 16 * 1024;

    // What the system may hold beyond the bucket. Much less than a loopback segment and connections stall on late acknowledgements.
    private const int SystemBytes = 256 * 1024;
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ending = new();
    private readonly int brokerPort;
    private readonly TokenBucket up;
    private readonly TokenBucket down;
    private readonly Task accepting;

    /// <param name="brokerPort">The broker, on this machine.</param>
    /// <param name="bytesPerSecond">Of the line, each way.</param>
    public Uplink(int brokerPort, double bytesPerSecond)
    {
        this.brokerPort = brokerPort;

        // A timer comes some milliseconds late: what the line could have carried meanwhile must not be lost to it, beside the piece that waits.
        var burst = PieceBytes + (int)(bytesPerSecond / 50);
        (up, down) = (new TokenBucket(bytesPerSecond, burst), new TokenBucket(bytesPerSecond, burst));
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where agents of the site find their broker.</summary>
    public string Address => $"mqtt://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Dispose();
        await accepting;
        ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> carrying = [];
        try
        {
            while (true)
            {
                carrying.Add(CarryAsync(await listener.AcceptTcpClientAsync(ending.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(carrying);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient { NoDelay = true, ReceiveBufferSize = SystemBytes })
        using (var closing = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
        {
            (client.NoDelay, client.ReceiveBufferSize) = (true, SystemBytes);
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, brokerPort, closing.Token);
                var sending = PumpAsync(client.GetStream(), server.GetStream(), up, closing.Token);
                var receiving = PumpAsync(server.GetStream(), client.GetStream(), down, closing.Token);
                await Task.WhenAny(sending, receiving);
                await closing.CancelAsync();
                await Task.WhenAll(sending, receiving);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException or SocketException)
            {
                // A closed line.
            }
        }
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, TokenBucket bucket, CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceBytes];
        while (await from.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            await bucket.TakeAsync(count, cancellationToken);
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }
}
