namespace FlameEdge.Mqtt.Direct;

/// <summary>A packet that waits for a peer.</summary>
/// <param name="Topic">The topic it would have at the broker; it names sender and addressee here too.</param>
/// <param name="Relays">The topics that reach the same workers by way of the broker.</param>
/// <param name="Packet">Its bytes.</param>
/// <param name="IsBulk">It may wait behind other bulk.</param>
internal sealed record QueuedPacket(string Topic, IReadOnlyList<string> Relays, SharedPacket Packet, bool IsBulk);
