using FlameEdge.Mqtt;

namespace FlameEdge.Agent.Running;

/// <summary>What <c>run</c> was asked to do.</summary>
internal sealed record RunRequest
{
    /// <summary>How the broker is met.</summary>
    public required MqttOptions Mqtt { get; init; }

    /// <summary>True where a broker was named; else it is the embedded one.</summary>
    public required bool HasBroker { get; init; }

    /// <summary>The embedded broker's port; 0 for a free one.</summary>
    public int Port { get; init; }

    /// <summary>The workers to run here; empty for all.</summary>
    public IReadOnlyList<string> Workers { get; init; } = [];

    /// <summary>The folder of results and state.</summary>
    public required string Out { get; init; }

    /// <summary>Go on where an earlier run of the folder stopped.</summary>
    public bool IsResume { get; init; }

    /// <summary>A former result whose verdicts are repeated.</summary>
    public string? Replay { get; init; }

    /// <summary>The file of the telemetry that datasets are collected from; null for none.</summary>
    public string? Telemetry { get; init; }

    /// <summary>The result as JSON on standard output, progress on standard error.</summary>
    public bool IsJson { get; init; }
}
