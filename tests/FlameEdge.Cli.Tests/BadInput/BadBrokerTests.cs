using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>Brokers that are not there, or not brokers: each is waited for as long as a start may take.</summary>
public class BadBrokerTests
{
    // Side by side: each takes as long as a start waits for a broker.
    [Fact]
    public async Task Whatever_is_no_broker_is_named()
    {
        int closed;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            closed = PortOf(probe);
        }

        using var silent = new TcpListener(IPAddress.Loopback, 0);
        using var web = new TcpListener(IPAddress.Loopback, 0);
        using var mail = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        web.Start();
        mail.Start();
        using var stopping = new CancellationTokenSource();
        var serving = Task.WhenAll(
            AnswerAllAsync(web, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), stopping.Token),
            AnswerAllAsync(mail, Encoding.ASCII.GetBytes("220 mail.example ESMTP\r\n" + new string('x', 5000)), stopping.Token));

        string[] addresses = ["no-such-host.invalid:1883", .. new[] { closed, PortOf(silent), PortOf(web), PortOf(mail) }.Select(port => $"127.0.0.1:{port}")];
        await Task.WhenAll(addresses.Select(IsRefused));

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

    private static async Task IsRefused(string address)
    {
        using var bench = new Bench();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", "backend=mqtt", "--broker", $"mqtt://{address}", "--worker", "aggregator_0");

        outcome.IsRefusal(ExitCode.BrokerUnreachable, "cannot reach the broker", address, "check that it runs, its address");
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
