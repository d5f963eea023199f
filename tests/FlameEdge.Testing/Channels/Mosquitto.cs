using System.Diagnostics;

namespace FlameEdge.Testing.Channels;

/// <summary>A real mosquitto of our own on a free loopback port, with its own folder; killed and removed when disposed.</summary>
public sealed class Mosquitto : BrokerProcess
{
    /// <summary>Why tests that need it skip where it is absent.</summary>
    public const string Absent = "mosquitto is not installed (apt-get install -y mosquitto)";

    private readonly string program;

    private Mosquitto(string program, string folder, int port)
        : base(folder, port) => this.program = program;

    /// <summary>The program's path, or null where it is not installed.</summary>
    public static string? Find() => Candidates().FirstOrDefault(File.Exists);

    /// <summary>Starts a broker. Where it is not installed the test is skipped, or, where CI=true, fails.</summary>
    /// <param name="isPersistent">Saves sessions and retained messages to its folder every second: after every change it would write its whole store for every chunk.</param>
    public static Task<Mosquitto> StartAsync(bool isPersistent = false) => StartAsync(new MosquittoSetup { IsPersistent = isPersistent });

    /// <summary>Starts a broker as a test wants it.</summary>
    public static Task<Mosquitto> StartAsync(MosquittoSetup setup) => StartAsync(setup.Lines);

    /// <summary>Starts a broker with a configuration of somebody's own; what it says of relative paths is relative to the broker's folder.</summary>
    /// <param name="configuration">The lines of its file, from the broker's folder and port.</param>
    public static async Task<Mosquitto> StartAsync(Func<string, int, IEnumerable<string>> configuration)
    {
        var installed = Require(Absent, [.. Candidates()]);
        var home = Directory.CreateTempSubdirectory("flameedge-mosquitto-").FullName;
        var port = FreePort.Find();
        await File.WriteAllLinesAsync(Path.Combine(home, "mosquitto.conf"),
        [
            .. configuration(home, port),
            .. Environment.UserName == "root" ? new[] { "user root" } : [],
        ]);
        var mosquitto = new Mosquitto(installed, home, port);
        await mosquitto.StartAgainAsync();
        return mosquitto;
    }

    protected override ProcessStartInfo Command() => new(program, ["-c", Path.Combine(Folder, "mosquitto.conf")]) { UseShellExecute = false };

    protected override void Forget() => File.Delete(Path.Combine(Folder, "mosquitto.db"));

    private static IEnumerable<string> Candidates() =>
        new[] { "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin" }
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator))
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "mosquitto.exe" : "mosquitto"));
}
