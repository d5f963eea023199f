using FlameEdge.Control.Fleet;
using FlameEdge.Models.Telemetry;
using FlameEdge.Mqtt.Direct;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Configuration;

/// <summary>What an agent keeps to, all layers put together. <see cref="ConfigKeys"/> says what each key means, and which may come from afar.</summary>
internal sealed class AgentSettings
{
    /// <summary>The agent's name in the fleet; by default the machine's, made safe for topics.</summary>
    public string Name { get; set; } = SafeName.From(Environment.MachineName) ?? string.Empty;

    /// <summary>First level of every topic.</summary>
    public string Prefix { get; set; } = "flameedge";

    /// <summary>The broker.</summary>
    public BrokerSettings Broker { get; } = new();

    /// <summary>How peers are met directly.</summary>
    public DirectOptions Peer { get; } = new();

    /// <summary>A firmware profile: a file, or the name of a class; null for none.</summary>
    public string? Profile { get; set; }

    /// <summary>Where the agent keeps its memory, its jobs' state and their results.</summary>
    public string State { get; set; } = "/var/lib/flameedge";

    /// <summary>The only folder jobs may read; <c>data</c> in the state folder by default.</summary>
    public string? Data { get; set; }

    /// <summary>Labels jobs may ask for.</summary>
    public Dictionary<string, string> Labels { get; } = new(StringComparer.Ordinal);

    /// <summary>Datasets on board, by name.</summary>
    public IReadOnlyDictionary<DatasetId, DatasetSpec> Datasets { get; set; } = new Dictionary<DatasetId, DatasetSpec>();

    /// <summary>What it may use, before profile and policy.</summary>
    public AgentLimits Limits { get; set; } = new();

    /// <summary>How bytes travel.</summary>
    public TransferSettings Transfer { get; } = new();

    /// <summary>What is collected from sensors, and what of it was refused.</summary>
    public TelemetryReading Telemetry { get; set; } = new([], []);

    /// <summary>The least level that is logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>The device's own policy; null for none.</summary>
    public string? Policy { get; set; }

    /// <summary>The data folder in full.</summary>
    public string DataFolder => Path.GetFullPath(Data ?? Path.Combine(State, "data"));
}

/// <summary>Which broker, and as whom.</summary>
internal sealed class BrokerSettings
{
    /// <summary><c>mqtt://host:port</c>, or <c>mqtts://host:port</c> for TLS.</summary>
    public Uri Url { get; set; } = new("mqtt://localhost:1883");

    /// <summary>The MQTT user; the agent's name where there is a password.</summary>
    public string? User { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    public string? PasswordFile { get; set; }

    /// <summary>A PEM file with the authorities trusted for the broker's certificate.</summary>
    public string? CaFile { get; set; }

    /// <summary>A PEM file with the agent's certificate.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>A PEM file with the certificate's key.</summary>
    public string? KeyFile { get; set; }

    /// <summary><c>auto</c>, <c>5</c> or <c>3.1.1</c>.</summary>
    public string Protocol { get; set; } = "auto";

    /// <summary>A file with what the broker can do, as <c>flame-edge broker probe</c> writes it; null for one that does what the standard says.</summary>
    public string? Profile { get; set; }

    /// <summary>Silence after which the broker is asked, in seconds; null for the profile's, or 10.</summary>
    public int? KeepAliveSeconds { get; set; }

    /// <summary>How long the broker keeps the session of an agent that is away, in seconds; null for the profile's, or 3600.</summary>
    public int? SessionExpirySeconds { get; set; }
}

/// <summary>How bytes travel.</summary>
internal sealed class TransferSettings
{
    /// <summary>Bytes of a transfer under way at once; null for the profile's, or the transport's own.</summary>
    public int? WindowBytes { get; set; }

    /// <summary>Bytes of one chunk; null for the transport's own.</summary>
    public int? ChunkBytes { get; set; }
}
