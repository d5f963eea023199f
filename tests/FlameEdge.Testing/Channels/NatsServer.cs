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
    /// <param name="more">Further lines of its configuration, such as users and their permissions.</param>
    public static async Task<NatsServer> StartAsync(string more = "")
    {
        var program = Require(Absent, "/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server", "/opt/homebrew/bin/nats-server");
        var folder = Directory.CreateTempSubdirectory("flameedge-nats-").FullName;
        var nats = new NatsServer(program, folder, FreePort.Find());
        await File.WriteAllTextAsync(Path.Combine(folder, "nats.conf"), $$"""
            server_name: flameedge
            listen: 127.0.0.1:{{FreePort.Find()}}
            jetstream { store_dir: "{{folder}}/store" }
            max_payload: 1MB
            mqtt { listen: 127.0.0.1:{{nats.Port}}, max_ack_pending: 100 }
            {{more}}
            """);
        await nats.StartAgainAsync();
        return nats;
    }

    protected override ProcessStartInfo Command() => new(program, ["-c", Path.Combine(Folder, "nats.conf")]) { UseShellExecute = false };

    protected override void Forget() => Directory.Delete(Path.Combine(Folder, "store"), recursive: true);
}
