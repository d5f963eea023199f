using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlameEdge.Agent.Systemd;

/// <summary>Tells the service manager how it goes, by its notification socket; without one it says nothing.</summary>
/// <seealso href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify(3)</seealso>
internal sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? socket;
    private readonly EndPoint? manager;

    /// <param name="address">A path, or <c>@name</c> for an abstract socket; null or empty for no manager.</param>
    /// <param name="watchdogMicroseconds">The manager's bound for a sign of life (<c>WATCHDOG_USEC</c>); null for none.</param>
    public SystemdNotifier(string? address, string? watchdogMicroseconds)
    {
        if (string.IsNullOrEmpty(address) || address[0] is not ('/' or '@') || !Socket.OSSupportsUnixDomainSockets)
        {
            return;
        }

        manager = new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address);
        socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        Watchdog = long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var bound) && bound > 0 ? TimeSpan.FromMicroseconds(bound) : null;
    }

    /// <summary>Without a sign of life for so long the manager ends this process; null where it does not watch.</summary>
    public TimeSpan? Watchdog { get; }

    /// <summary>The notifier this process was started with.</summary>
    public static SystemdNotifier OfEnvironment() => new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));

    /// <summary>It runs.</summary>
    public void Ready() => Send("READY=1");

    /// <summary>It is about to end.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <summary>It lives.</summary>
    public void Alive() => Send("WATCHDOG=1");

    /// <summary>One line that the manager shows.</summary>
    public void Status(string line) => Send($"STATUS={line.ReplaceLineEndings(" ")}");

    /// <inheritdoc/>
    public void Dispose() => socket?.Dispose();

    private void Send(string state)
    {
        if (socket is null || manager is null)
        {
            return;
        }

        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(state), manager);
        }
        catch (SocketException)
        {
            // A manager that does not listen is no reason to stop.
        }
    }
}
