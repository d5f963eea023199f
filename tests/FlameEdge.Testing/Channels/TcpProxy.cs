using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Testing.Channels;

/// <summary>A cable that can be cut (both ends see it) or frozen (neither does), between a client and a server on this machine.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<int> serverPort;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<Cable> cables = [];
    private readonly Task accepting;

    /// <param name="serverPort">Where the server listens, asked at every connection.</param>
    public TcpProxy(Func<int> serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public int Port { get; }

    /// <summary>Breaks every present connection; new ones are refused until <see cref="Restore"/> where <paramref name="staysDown"/>.</summary>
    public void Cut(bool staysDown = false)
    {
        IsDown = staysDown;
        foreach (var cable in Present())
        {
            cable.Cut();
        }
    }

    /// <summary>Lets new connections through again.</summary>
    public void Restore() => IsDown = false;

    /// <summary>Stops carrying bytes on every present connection without closing it; new ones work unless it <paramref name="staysDown"/>.</summary>
    public void Freeze(bool staysDown = false)
    {
        IsDown = staysDown;
        foreach (var cable in Present())
        {
            cable.IsFrozen = true;
        }
    }

    private bool IsDown { get; set; }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        Cut();
    }

    private Cable[] Present()
    {
        lock (gate)
        {
            return [.. cables];
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                if (IsDown)
                {
                    client.Dispose();
                    continue;
                }

                try
                {
                    var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, serverPort(), stopping.Token);
                    var cable = new Cable(client, server);
                    lock (gate)
                    {
                        cables.Add(cable);
                    }

                    cable.Start();
                }
                catch (SocketException)
                {
                    client.Dispose();
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private sealed class Cable(TcpClient client, TcpClient server)
    {
        public volatile bool IsFrozen;

        public void Start()
        {
            client.NoDelay = server.NoDelay = true;
            _ = CarryAsync(client, server);
            _ = CarryAsync(server, client);
        }

        public void Cut()
        {
            client.Dispose();
            server.Dispose();
        }

        private async Task CarryAsync(TcpClient from, TcpClient to)
        {
            var buffer = new byte[256 * 1024];
            try
            {
                for (int read; (read = await from.GetStream().ReadAsync(buffer)) > 0;)
                {
                    if (!IsFrozen)
                    {
                        await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // Cut.
            }

            if (!IsFrozen)
            {
                Cut();
            }
        }
    }
}
