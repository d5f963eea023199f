using System.Diagnostics;

namespace FlameEdge.Testing.Channels;

/// <summary>A NATS server of our own with its MQTT listener on a free loopback port.</summary>
public sealed class NatsServer : BrokerProcess
{
    /// <summary>Why tests that need it skip where it is absent.</summary>
    public const string Absent = "nats-server is not installed (apt-get install -y nats-server)";

    private readonly string program;

    private NatsServer(string program, string folder, int port)
        : base(folder, port) => this.program = program;

    /// <summary>Starts one.</summary>
    /// <param name="tls">The files of its TLS listener: every client shows a certificate, whose subject is its user. Null for plain text.</param>
    public static async Task<NatsServer> StartAsync(TlsFiles? tls = null)
    {
        var program = Require(Absent, "/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server", "/opt/homebrew/bin/nats-server");
        var folder = Directory.CreateTempSubdirectory("flameedge-nats-").FullName;
        var nats = new NatsServer(program, folder, FreePort.Find());
        await File.WriteAllTextAsync(Path.Combine(folder, "nats.conf"), $$"""
            server_name: flameedge
            listen: 127.0.0.1:{{FreePort.Find()}}
            jetstream { store_dir: "{{folder}}/store" }
            max_payload: 1MB
            mqtt { listen: 127.0.0.1:{{nats.Port}}, max_ack_pending: 100 {{(tls is null ? "" : $$""", tls { cert_file: "{{tls.Certificate}}", key_file: "{{tls.Key}}", ca_file: "{{tls.Authority}}", verify_and_map: true }""")}} }
            include "acl.conf"
            """);
        await File.WriteAllTextAsync(nats.Rules, string.Empty);
        await nats.StartAgainAsync();
        return nats;
    }

    /// <summary>The file of users and their permissions, empty at first.</summary>
    private string Rules => Path.Combine(Folder, "acl.conf");

    /// <summary>Gives it other users and permissions while it runs, as <c>nats-server --signal reload</c> does.</summary>
    public async Task ReloadAsync(string rules)
    {
        await File.WriteAllTextAsync(Rules, rules);
        using var signal = Process.Start(new ProcessStartInfo(program, ["--signal", $"reload={Id}"]) { UseShellExecute = false })!; // Null is for shell execution only.
        await signal.WaitForExitAsync();
        if (signal.ExitCode != 0)
        {
            throw new InvalidOperationException($"nats-server --signal reload ended with {signal.ExitCode}");
        }
    }

    protected override ProcessStartInfo Command() => new(program, ["-c", Path.Combine(Folder, "nats.conf")]) { UseShellExecute = false };

    protected override void Forget() => Directory.Delete(Path.Combine(Folder, "store"), recursive: true);
}
