namespace FlameEdge.Control.Jobs;

/// <summary>How a controller behaves.</summary>
public sealed class ControllerOptions
{
    /// <summary>Where these stand in a configuration.</summary>
    public const string SectionName = "FlameEdge:Controller";

    /// <summary>Its name: one topic level, also its MQTT user.</summary>
    public string Name { get; set; } = "controller";

    /// <summary>Names this run of it; of two runs that claim the same epoch the one with the greater name stays.</summary>
    public string Session { get; set; } = Guid.NewGuid().ToString("N")[..12];

    /// <summary>The program and its version, for people.</summary>
    public string? Version { get; set; }

    /// <summary>How long it reads what stands at the broker before it claims an epoch, and how long others may object to the claim.</summary>
    public TimeSpan Settling { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an agent may take to be seen after the controller has connected, before it counts as lost.</summary>
    public TimeSpan ReturnGrace { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long workers may take to end by themselves once their job is completed.</summary>
    public TimeSpan EndGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long agents may take to pause a job that is stopped, before its workers are taken away.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>First pause before a failed worker is started again; doubled up to a minute.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a file or a checkpoint may take to be fetched.</summary>
    public TimeSpan FetchTimeout { get; set; } = TimeSpan.FromMinutes(2);
}
