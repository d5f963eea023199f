namespace FlameEdge.Channels.Transfer;

/// <summary>Which messages of one sender the role has been given, so that no repeat reaches it twice.</summary>
/// <remarks>The sender's floor lets old entries go. A sender whose floor stands still (a broadcast somebody never finished) is cut at
/// <see cref="Capacity"/>: what is older than the cut is treated as settled, so it may time out but is never delivered twice.</remarks>
internal sealed class DeliveredLog
{
    /// <summary>The most entries kept.</summary>
    public const int Capacity = 64 * 1024;

    private readonly SortedSet<ulong> delivered = [];
    private long incarnation = -1;
    private ulong floor;

    /// <summary>Starts afresh for another run of the sender and forgets what it will not repeat.</summary>
    public void Follow(long senderIncarnation, ulong senderFloor)
    {
        if (incarnation != senderIncarnation)
        {
            incarnation = senderIncarnation;
            floor = 0;
            delivered.Clear();
        }

        Raise(senderFloor);
    }

    /// <summary>Whether this message is settled: delivered, or given up by its sender long ago.</summary>
    public bool IsSettled(ulong messageId) => messageId < floor;

    /// <summary>Whether this message was delivered.</summary>
    public bool Has(ulong messageId) => delivered.Contains(messageId);

    /// <summary>Notes a delivery.</summary>
    public void Add(ulong messageId)
    {
        delivered.Add(messageId);
        if (delivered.Count > Capacity)
        {
            Raise(delivered.ElementAt(Capacity / 2));
        }
    }

    private void Raise(ulong to)
    {
        if (to <= floor)
        {
            return;
        }

        floor = to;
        while (delivered.Count > 0 && delivered.Min < floor)
        {
            delivered.Remove(delivered.Min);
        }
    }
}
