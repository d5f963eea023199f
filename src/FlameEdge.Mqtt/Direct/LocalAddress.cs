using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Mqtt.Direct;

/// <summary>Which of this machine's addresses looks towards a host.</summary>
internal static class LocalAddress
{
    // Nothing is sent there: to connect a datagram socket only asks the routing table.
    private const int AnyPort = 9;

    /// <exception cref="SocketException">The host has no address, or there is no way to it.</exception>
    public static async Task<IPAddress> TowardsAsync(string host, CancellationToken cancellationToken)
    {
        var there = IPAddress.TryParse(host, out var literal) ? literal : (await Dns.GetHostAddressesAsync(host, cancellationToken)).OrderBy(address => address.AddressFamily).First();
        using var socket = new Socket(there.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(there, AnyPort, cancellationToken);
        return ((IPEndPoint)socket.LocalEndPoint!).Address; // It has one once connected.
    }
}
