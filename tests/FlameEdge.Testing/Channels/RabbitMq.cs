using System.Diagnostics;

namespace FlameEdge.Testing.Channels;

/// <summary>A RabbitMQ node of our own with its MQTT plugin on a free loopback port, and an Erlang name server of its own.</summary>
public sealed class RabbitMq : BrokerProcess
{
    /// <summary>Why tests that need it skip where it is absent.</summary>
    public const string Absent = "rabbitmq-server is not installed (apt-get install -y rabbitmq-server)";

    private readonly string programs;
    private readonly int epmdPort = FreePort.Find();
    private readonly int nodePort = FreePort.Find();

    private RabbitMq(string programs, string folder, int port)
        : base(folder, port) => this.programs = programs;

    // Ports that were free may be taken before it has come to them.
    private const int MostStarts = 3;

    // A virtual machine, a database and plugins: seconds on an idle machine, more on a busy one.
    protected override TimeSpan StartTimeout => TimeSpan.FromSeconds(180);

    /// <summary>The port of its TLS listener, where it has one: every client shows a certificate, whose common name is its user.</summary>
    public override int TlsPort { get; } = FreePort.Find();

    /// <summary>The port its management plugin listens on, where there is a TLS listener.</summary>
    public int ManagementPort { get; } = FreePort.Find();

    /// <summary>Starts one that lets anybody in.</summary>
    /// <param name="tls">The files of a second listener, for clients with certificates, and of users whose rights the management plugin gives; null for neither.</param>
    public static async Task<RabbitMq> StartAsync(TlsFiles? tls = null)
    {
        for (var start = 1; ; start++)
        {
            var rabbit = await ConfigureAsync(tls);
            try
            {
                await rabbit.StartAgainAsync();
                if (tls is not null)
                {
                    await rabbit.ListensAsync(rabbit.TlsPort);
                    await rabbit.ListensAsync(rabbit.ManagementPort);
                }

                return rabbit;
            }
            catch (InvalidOperationException) when (start < MostStarts)
            {
                await rabbit.DisposeAsync();
            }
        }
    }

    /// <summary>Runs its tool against this node: users, permissions.</summary>
    public async Task ControlAsync(params string[] arguments)
    {
        using var tool = Process.Start(Named(Path.Combine(programs, "rabbitmqctl"), arguments))!; // Null is for shell execution only.
        await tool.WaitForExitAsync();
        if (tool.ExitCode != 0)
        {
            throw new InvalidOperationException($"rabbitmqctl {string.Join(' ', arguments)} ended with {tool.ExitCode}");
        }
    }

    public override async Task KillAsync()
    {
        await base.KillAsync();

        // The node has started a name server that outlives it; this one serves nobody else.
        using var stop = Process.Start(Named("epmd", ["-port", $"{epmdPort}", "-kill"]));
        if (stop is not null)
        {
            await stop.WaitForExitAsync();
        }
    }

    protected override ProcessStartInfo Command() => Named(Path.Combine(programs, "rabbitmq-server"), []);

    protected override void Forget() => Directory.Delete(Path.Combine(Folder, "mnesia"), recursive: true);

    private static async Task<RabbitMq> ConfigureAsync(TlsFiles? tls)
    {
        var server = Require(Absent, "/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server");
        var folder = Directory.CreateTempSubdirectory("flameedge-rabbitmq-").FullName;
        var rabbit = new RabbitMq(Path.GetDirectoryName(server)!, folder, FreePort.Find()); // A file's path has a folder.
        await File.WriteAllTextAsync(Path.Combine(folder, "plugins"), tls is null ? "[rabbitmq_mqtt].\n" : "[rabbitmq_mqtt,rabbitmq_management].\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "rabbitmq.conf"), $"""
            listeners.tcp = none
            mqtt.listeners.tcp.1 = 127.0.0.1:{rabbit.Port}
            mqtt.allow_anonymous = true
            log.console = false
            """ + "\n" + (tls is null ? string.Empty : rabbit.Tls(tls)));
        return rabbit;
    }

    private string Tls(TlsFiles files) => $"""
        mqtt.listeners.ssl.1 = 127.0.0.1:{TlsPort}
        mqtt.ssl_cert_login = true
        ssl_cert_login_from = common_name
        ssl_options.cacertfile = {files.Authority}
        ssl_options.certfile = {files.Certificate}
        ssl_options.keyfile = {files.Key}
        ssl_options.verify = verify_peer
        ssl_options.fail_if_no_peer_cert = true
        management.tcp.ip = 127.0.0.1
        management.tcp.port = {ManagementPort}
        """ + "\n";

    private ProcessStartInfo Named(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false };
        foreach (var (name, value) in new[]
        {
            ("HOME", Folder),
            ("RABBITMQ_NODENAME", "flameedge@localhost"),
            ("RABBITMQ_MNESIA_BASE", Path.Combine(Folder, "mnesia")),
            ("RABBITMQ_LOG_BASE", Path.Combine(Folder, "log")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", Path.Combine(Folder, "plugins")),
            ("RABBITMQ_CONFIG_FILE", Path.Combine(Folder, "rabbitmq.conf")),
            ("RABBITMQ_CONF_ENV_FILE", Path.Combine(Folder, "none")),
            ("RABBITMQ_PID_FILE", Path.Combine(Folder, "pid")),
            ("RABBITMQ_DIST_PORT", $"{nodePort}"),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
            ("ERL_EPMD_PORT", $"{epmdPort}"),
            ("ERL_EPMD_ADDRESS", "127.0.0.1"),
        })
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
