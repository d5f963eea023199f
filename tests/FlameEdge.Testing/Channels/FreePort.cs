using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Testing.Channels;

/// <summary>Loopback ports of brokers that tests start.</summary>
internal static class FreePort
{
    /// <summary>A port nobody listens on at the moment.</summary>
    public static int Find()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Waits until somebody listens.</summary>
    /// <param name="port">Where.</param>
    /// <param name="bound">How long.</param>
    /// <param name="hasEnded">True when whoever should listen has ended.</param>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public static async Task UntilOpenAsync(int port, TimeSpan bound, Func<bool>? hasEnded = null)
    {
        using var patience = new CancellationTokenSource(bound);
        while (!await IsOpenAsync(port))
        {
            if (hasEnded?.Invoke() == true)
            {
                throw new InvalidOperationException($"it ended before it listened on port {port}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, patience.Token);
        }
    }

    private static async Task<bool> IsOpenAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
