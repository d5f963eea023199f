using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>Brokers that are not there, or not brokers: each is waited for as long as a start may take.</summary>
public class BadBrokerTests
{
    [Fact]
    public async Task A_closed_port_is_named()
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = PortOf(probe);
        }

        await IsRefused($"mqtt://127.0.0.1:{port}", $"127.0.0.1:{port}", "check that it runs");
    }

    [Fact]
    public Task A_host_that_does_not_exist_is_named() => IsRefused("mqtt://no-such-host.invalid", "no-such-host.invalid:1883", "check that it runs, its address");

    [Fact]
    public async Task A_port_that_stays_silent_is_named()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        await IsRefused($"mqtt://127.0.0.1:{PortOf(silent)}", $"127.0.0.1:{PortOf(silent)}", "check that it runs");
    }

    [Fact]
    public async Task A_server_of_another_kind_is_named()
    {
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        using var stopping = new CancellationTokenSource();
        var serving = AnswerAllAsync(web, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), stopping.Token);

        await IsRefused($"mqtt://127.0.0.1:{PortOf(web)}", $"127.0.0.1:{PortOf(web)}", "check that it runs");

        await stopping.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task A_server_that_only_greets_is_named()
    {
        using var mail = new TcpListener(IPAddress.Loopback, 0);
        mail.Start();
        using var stopping = new CancellationTokenSource();
        var serving = AnswerAllAsync(mail, Encoding.ASCII.GetBytes("220 mail.example ESMTP\r\n" + new string('x', 5000)), stopping.Token);

        await IsRefused($"mqtt://127.0.0.1:{PortOf(mail)}", $"127.0.0.1:{PortOf(mail)}", "check that it runs");

        await stopping.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task A_taken_port_of_the_embedded_broker_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var bench = new Bench();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", "backend=mqtt", "--port", $"{PortOf(taken)}");

        outcome.IsRefusal(ExitCode.PortInUse, $"port {PortOf(taken)}", "taken by another program", "choose another port");
        Outcome.HasNoResults(bench.Out);
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static async Task IsRefused(string broker, params string[] named)
    {
        using var bench = new Bench();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", "backend=mqtt", "--broker", broker, "--worker", "aggregator_0");

        outcome.IsRefusal(ExitCode.BrokerUnreachable, ["cannot reach the broker", .. named]);
        Outcome.HasNoResults(bench.Out);
    }

    private static async Task AnswerAllAsync(TcpListener listener, byte[] answer, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(cancellationToken);
                await client.GetStream().WriteAsync(answer, cancellationToken);
                await Task.WhenAny(client.GetStream().ReadAsync(new byte[256], cancellationToken).AsTask(), Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The test is over, or the client was quicker.
        }
    }
}
