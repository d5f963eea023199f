using System.Net;

namespace FlameEdge.Mqtt.Direct;

/// <summary>How an agent meets its peers directly, on channels whose backend is <c>tcp</c>.</summary>
public sealed class DirectOptions
{
    /// <summary>Where peers find this agent, <c>host</c> or <c>host:port</c> (a port that something forwards here); null for the address by which it reaches the broker.</summary>
    public string? Announce { get; set; }

    /// <summary>The address to listen on; null for the one by which this agent reaches the broker.</summary>
    public IPAddress? Listen { get; set; }

    /// <summary>The first port to try to listen on; 0 for any that is free.</summary>
    public int FirstPort { get; set; }

    /// <summary>The last port to try.</summary>
    public int LastPort { get; set; }

    /// <summary>How long one attempt to connect may take.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long two agents may take to know each other, once connected. Who has been met before it was announced waits for its presence no longer.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Strangers that may be shaking hands at once; more are turned away.</summary>
    public int MaximumHandshakes { get; set; } = 64;

    /// <summary>How often a connection says that it lives.</summary>
    public TimeSpan HeartbeatEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence, or a piece of 64 KiB that cannot be written, after which a connection is given up.</summary>
    public TimeSpan SilentAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>First pause before an agent that was not reached is tried again; doubled, with jitter, up to <see cref="RetryAtMost"/>.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause between attempts.</summary>
    public TimeSpan RetryAtMost { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of bulk that may wait for one agent; what comes on top is dropped, and asked for again.</summary>
    public long QueueBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Bytes of bulk that may wait for all agents together.</summary>
    public long TotalQueueBytes { get; set; } = 64 * 1024 * 1024;
}
