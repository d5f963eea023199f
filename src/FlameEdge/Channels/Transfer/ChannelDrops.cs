namespace FlameEdge.Channels.Transfer;

/// <summary>Packets that were not believed, by reason.</summary>
/// <param name="Malformed">Truncated, damaged or contradicting themselves.</param>
/// <param name="Strangers">From a worker the plan does not put here, or from another device than it runs on.</param>
/// <param name="Stale">From an older run, or meant for one.</param>
/// <param name="Early">From a worker whose arrival has not been seen yet, or that has left; it will repeat itself.</param>
public readonly record struct ChannelDrops(long Malformed, long Strangers, long Stale, long Early);

/// <summary>A channel that tells what it refused and how much it held.</summary>
public interface IChannelDiagnostics
{
    /// <summary>Packets that were not believed.</summary>
    ChannelDrops Drops { get; }

    /// <summary>The most bytes that were ever being assembled or waiting for the role.</summary>
    long PeakAssemblyBytes { get; }
}
