using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FlameEdge.Channels.Presence;

namespace FlameEdge.Mqtt.Direct;

/// <summary>Where peers connect to this agent.</summary>
internal sealed class PeerListener : IDisposable
{
    private readonly TcpListener listener;

    private PeerListener(TcpListener listener, PeerAddress address) => (this.listener, Address) = (listener, address);

    /// <summary>What is announced.</summary>
    public PeerAddress Address { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where, and what is announced of it.</param>
    /// <param name="broker">The broker's host.</param>
    /// <param name="fingerprint">Of the certificate shown; null where an authority vouches for it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException">No port of the range is free, or the address is not this machine's.</exception>
    public static async Task<PeerListener> StartAsync(DirectOptions options, string broker, string? fingerprint, CancellationToken cancellationToken)
    {
        var address = options.Listen ?? await LocalAddress.TowardsAsync(broker, cancellationToken);
        var listener = Start(address, options);
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var isAny = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
        var seen = options.Announce ?? (isAny ? await LocalAddress.TowardsAsync(broker, cancellationToken) : address).ToString();
        return new PeerListener(listener, Announced(seen, port, fingerprint));
    }

    /// <summary>The next that connects.</summary>
    public ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken) => listener.AcceptSocketAsync(cancellationToken);

    public void Dispose() => listener.Dispose();

    private static TcpListener Start(IPAddress address, DirectOptions options)
    {
        for (var port = options.FirstPort; ; port++)
        {
            var listener = new TcpListener(address, port);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException) when (port < options.LastPort)
            {
                // The next may be free.
                listener.Dispose();
            }
        }
    }

    private static PeerAddress Announced(string announce, int port, string? fingerprint)
    {
        // A colon more is an address of IPv6.
        var colon = announce.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon == announce.LastIndexOf(':') && int.TryParse(announce.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var forwarded)
            ? new PeerAddress(announce[..colon], forwarded, fingerprint)
            : new PeerAddress(announce, port, fingerprint);
    }
}
