namespace FlameEdge.Channels.Presence;

/// <summary>How long doubt lasts before a peer is taken to have left.</summary>
public sealed class PresenceOptions
{
    /// <summary>How long a lost agent may take to come back before its workers have left; covers a reconnect or a quick restart.</summary>
    public TimeSpan LostGrace { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long, after this process itself reconnected, a peer may take to show up again; covers a broker that restarted empty.</summary>
    public TimeSpan ReturnGrace { get; set; } = TimeSpan.FromSeconds(30);
}
