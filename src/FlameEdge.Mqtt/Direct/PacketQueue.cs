namespace FlameEdge.Mqtt.Direct;

/// <summary>Packets for one agent: answers before bulk, and never more than fits. Its link's lock guards it.</summary>
internal sealed class PacketQueue(long bulkBytes)
{
    // Answers and small messages; thousands of them.
    private const long SmallBytes = 2 * 1024 * 1024;

    private readonly Queue<QueuedPacket> small = [];
    private readonly Queue<QueuedPacket> bulk = [];
    private long waitingSmall;
    private long waitingBulk;

    /// <summary>Adds and holds a packet; false where there is no room.</summary>
    public bool TryAdd(QueuedPacket packet)
    {
        ref var waiting = ref packet.IsBulk ? ref waitingBulk : ref waitingSmall;
        var length = packet.Packet.Bytes.Length;
        if (waiting + length > (packet.IsBulk ? bulkBytes : SmallBytes))
        {
            return false;
        }

        waiting += length;
        packet.Packet.Hold();
        (packet.IsBulk ? bulk : small).Enqueue(packet);
        return true;
    }

    /// <summary>The next to go, the taker's to release; null where nothing waits.</summary>
    public QueuedPacket? Take()
    {
        if (small.TryDequeue(out var packet))
        {
            waitingSmall -= packet.Packet.Bytes.Length;
        }
        else if (bulk.TryDequeue(out packet))
        {
            waitingBulk -= packet.Packet.Bytes.Length;
        }

        return packet;
    }
}
