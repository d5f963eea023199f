using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>A mosquitto of our own on the loopback, without persistence and with unlimited queues; the same for the floor and for us.</summary>
internal sealed class LoopbackBroker : IDisposable
{
    private readonly string configuration;
    private Process process;

    private LoopbackBroker(string configuration, int port)
    {
        this.configuration = configuration;
        Port = port;
        process = Launch();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The broker's process.</summary>
    public int ProcessId => process.Id;

    /// <summary>Its address.</summary>
    public string Address => $"mqtt://127.0.0.1:{Port}";

    /// <summary>Starts one and returns when it takes connections.</summary>
    public static async Task<LoopbackBroker> StartAsync(string folder)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var file = Path.Combine(folder, "mosquitto.conf");
        await File.WriteAllTextAsync(file, $"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nlog_type error\n");
        var broker = new LoopbackBroker(file, port);
        await broker.AnswersAsync();
        return broker;
    }

    /// <summary>Kills it as a power cut would, and starts it again with nothing remembered.</summary>
    public async Task KillAndRestartAsync()
    {
        Dispose();
        process = Launch();
        await AnswersAsync();
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private Process Launch() => Process.Start(new ProcessStartInfo("mosquitto", ["-c", configuration]) { UseShellExecute = false })!; // Null only with the shell.

    private async Task AnswersAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (attempt < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }
}
