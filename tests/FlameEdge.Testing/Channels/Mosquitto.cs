using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FlameEdge.Testing.Channels;

/// <summary>A real broker of our own on a free loopback port, with its own folder; killed and removed when disposed.</summary>
public sealed class Mosquitto : IAsyncDisposable
{
    /// <summary>Why tests that need it skip where it is absent.</summary>
    public const string Absent = "mosquitto is not installed (apt-get install -y mosquitto)";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);

    private readonly string program;
    private readonly string folder;
    private Process? process;

    private Mosquitto(string program, string folder, int port)
    {
        this.program = program;
        this.folder = folder;
        Port = port;
    }

    /// <summary>The port it listens on; the same after a restart.</summary>
    public int Port { get; }

    /// <summary>The program's path, or null where it is not installed.</summary>
    public static string? Find() =>
        new[] { "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin" }
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator))
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "mosquitto.exe" : "mosquitto"))
            .FirstOrDefault(File.Exists);

    /// <summary>Starts a broker. Where it is not installed the test is skipped, or, where CI=true, fails.</summary>
    /// <param name="isPersistent">Saves sessions and retained messages to its folder every second: after every change it would write its whole store for every chunk.</param>
    public static Task<Mosquitto> StartAsync(bool isPersistent = false) => StartAsync(new MosquittoSetup { IsPersistent = isPersistent });

    /// <summary>Starts a broker as a test wants it.</summary>
    public static Task<Mosquitto> StartAsync(MosquittoSetup setup) => StartAsync(setup.Lines);

    /// <summary>Starts a broker with a configuration of somebody's own; what it says of relative paths is relative to the broker's folder.</summary>
    /// <param name="configuration">The lines of its file, from the broker's folder and port.</param>
    public static async Task<Mosquitto> StartAsync(Func<string, int, IEnumerable<string>> configuration)
    {
        var installed = Find();
        if (installed is null)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Xunit.Assert.Fail(Absent);
            }

            Xunit.Assert.Skip(Absent);
        }

        var home = Directory.CreateTempSubdirectory("flameedge-mosquitto-").FullName;
        var port = FreePort();
        await File.WriteAllLinesAsync(Path.Combine(home, "mosquitto.conf"),
        [
            .. configuration(home, port),
            .. Environment.UserName == "root" ? new[] { "user root" } : [],
        ]);
        var mosquitto = new Mosquitto(installed!, home, port); // not null: Skip has thrown
        await mosquitto.StartAgainAsync();
        return mosquitto;
    }

    /// <summary>Has it read its access list, its passwords and its certificates again.</summary>
    public async Task ReloadAsync()
    {
        using var signal = Process.Start("kill", ["-HUP", $"{process!.Id}"]); // Only called while it runs.
        await signal.WaitForExitAsync();
    }

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        if (process is { } running)
        {
            running.Kill();
            await running.WaitForExitAsync();
            running.Dispose();
            process = null;
        }
    }

    /// <summary>Starts it again on the same port.</summary>
    /// <param name="keepsData">False forgets what it had saved.</param>
    public async Task StartAgainAsync(bool keepsData = true)
    {
        if (!keepsData)
        {
            File.Delete(Path.Combine(folder, "mosquitto.db"));
        }

        process = Process.Start(new ProcessStartInfo(program, ["-c", Path.Combine(folder, "mosquitto.conf")]) { UseShellExecute = false, WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var bound = new CancellationTokenSource(StartTimeout);
        while (!await AcceptsAsync())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bound.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task<bool> AcceptsAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
