using System.Net.Sockets;
using System.Text;
using FlameEdge.Agent.Systemd;
using FlameEdge.Testing;

namespace FlameEdge.Agent.Tests;

/// <summary>What the service manager hears, on a real datagram socket.</summary>
public sealed class SystemdTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_told_that_the_agent_is_ready_lives_and_ends(bool isAbstract)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's");
        var name = isAbstract ? "@" + Path.GetFileName(folder.Path) : folder["notify"];
        using var manager = Listen(name);
        using var notifier = new SystemdNotifier(name, "3000000");

        notifier.Ready();
        notifier.Status("busy\nvery");
        notifier.Alive();
        notifier.Stopping();

        Assert.Equal(["READY=1", "STATUS=busy very", "WATCHDOG=1", "STOPPING=1"], Enumerable.Range(0, 4).Select(_ => Heard(manager)));
        Assert.Equal(TimeSpan.FromSeconds(3), notifier.Watchdog);
    }

    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(4, 1, false)]
    [InlineData(1, 90, false)]
    [InlineData(1, null, true)]
    public void A_loop_that_hangs_or_a_broker_that_no_longer_answers_gets_no_sign_of_life(int sinceTurn, int? silence, bool isAlive)
    {
        using var notifier = new SystemdNotifier("@nobody", "3000000");

        var watch = new ProgressWatch(notifier, () => TimeSpan.FromSeconds(sinceTurn), () => silence is { } seconds ? TimeSpan.FromSeconds(seconds) : null, () => "", TimeProvider.System);

        Assert.Equal(isAlive, watch.HasProgress);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("vsock:2:1234")]
    public void Without_a_manager_it_says_nothing(string? address)
    {
        using var notifier = new SystemdNotifier(address, "1000000");

        notifier.Ready();

        Assert.Null(notifier.Watchdog);
    }

    private static Socket Listen(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        socket.Bind(new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name));
        return socket;
    }

    private static string Heard(Socket socket)
    {
        var buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
