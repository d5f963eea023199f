using FlameEdge.Channels.Presence;
using FlameEdge.Channels.Transfer;
using FlameEdge.Mqtt.Direct;

namespace FlameEdge.Mqtt;

/// <summary>Which broker, as whom, and how patiently.</summary>
public sealed class MqttOptions
{
    private BrokerProfile? profile;

    /// <summary>Where these stand in a configuration.</summary>
    public const string SectionName = "FlameEdge:Mqtt";

    /// <summary>The broker: <c>mqtt://host:port</c>, or <c>mqtts://host:port</c> for TLS with the system's trust. Default port 1883, or 8883 with TLS.</summary>
    public Uri Broker { get; set; } = new("mqtt://localhost:1883");

    /// <summary>The first level of every topic.</summary>
    public string Prefix { get; set; } = "flameedge";

    /// <summary>The MQTT user; null names the agent where there is a password and nobody where there is none.</summary>
    public string? User { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>A PEM file with the authorities trusted for the broker's certificate; null for those of the system.</summary>
    public string? CaFile { get; set; }

    /// <summary>A PEM file with this agent's certificate, for mutual TLS. Like the key and the password it may be exchanged while running: connections are
    /// renewed one after the other within <see cref="CredentialsCheck"/>, and the session is kept.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with the certificate's private key.</summary>
    public string? KeyFile { get; set; }

    /// <summary>How often the files above are looked at for a change.</summary>
    public TimeSpan CredentialsCheck { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary><c>auto</c> (5, and 3.1.1 where the broker refuses that), <c>5</c> or <c>3.1.1</c>.</summary>
    public string Protocol { get; set; } = "auto";

    /// <summary>A file with the broker's profile as <c>flame-edge broker probe</c> writes it; null for a broker that does what the standard says.</summary>
    public string? BrokerProfile { get; set; }

    /// <summary>Silence after which the broker is asked whether it is there; a dead link is noticed within twice this.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the first connection is tried for before the start is given up.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>First pause before connecting again; doubled, with jitter, up to <see cref="ReconnectAtMost"/>.</summary>
    public TimeSpan ReconnectAfter { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan ReconnectAtMost { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the broker keeps the control session of an agent that is away.</summary>
    public TimeSpan SessionExpiry { get; set; } = TimeSpan.FromHours(1);

    /// <summary>True for a short visit: at good-bye the life sign is taken down, so that nothing of this client stays at the broker. Others keep theirs as lost.</summary>
    public bool IsVisit { get; set; }

    /// <summary>How messages are cut, paced, repeated and bounded.</summary>
    public TransferOptions Transfer { get; set; } = new();

    /// <summary>How peers are met directly, on channels that ask for it.</summary>
    public DirectOptions Direct { get; set; } = new();

    /// <summary>How long doubt lasts before a peer is taken to have left.</summary>
    public PresenceOptions Presence { get; set; } = new();

    /// <summary>What the file says; read once, before the first connect.</summary>
    internal BrokerProfile Profile => profile ??= BrokerProfile is { } file ? Mqtt.BrokerProfile.Read(file) : new();

    /// <summary>The version to speak: ours where it says one, else the profile's.</summary>
    internal string ProtocolWanted => Protocol == "auto" ? Profile.Protocol : Protocol;

    /// <summary>What this process has learned of the broker's version.</summary>
    internal ProtocolChoice Versions { get; } = new();

    /// <summary>The broker's host.</summary>
    internal string Host => Broker.Host;

    /// <summary>TLS or not.</summary>
    internal bool IsTls => Broker.Scheme == "mqtts";

    /// <summary>The broker's port.</summary>
    internal int Port => Broker.Port > 0 ? Broker.Port : IsTls ? 8883 : 1883;
}
