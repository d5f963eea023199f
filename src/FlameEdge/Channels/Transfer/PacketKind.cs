namespace FlameEdge.Channels.Transfer;

/// <summary>What a packet does in a transfer.</summary>
public enum PacketKind : byte
{
    /// <summary>A whole message: head, then body. Answered by a receipt.</summary>
    Whole = 1,

    /// <summary>A message too long for one packet: its head, length and hash. Answered by a request.</summary>
    Offer = 2,

    /// <summary>A piece of an offered body.</summary>
    Chunk = 3,

    /// <summary>Receiver to sender: how far it may send, and what is missing (<see cref="ChunkRequest"/>).</summary>
    Request = 4,

    /// <summary>Receiver to sender: the whole message is here.</summary>
    Receipt = 5,

    /// <summary>Receiver to sender: I know of it and have no room yet; keep it.</summary>
    Hold = 6,

    /// <summary>Receiver to sender: I will never take it; <see cref="PacketHeader.Flags"/> is a <see cref="RefusalReason"/>.</summary>
    Refusal = 7,

    /// <summary>Sender to receiver: the message you ask for is no longer offered.</summary>
    Gone = 8,
}

/// <summary>Why a receiver will never take a message.</summary>
public enum RefusalReason : byte
{
    /// <summary>It exceeds the receiver's bound on assembled bytes.</summary>
    TooLarge = 1,

    /// <summary>It arrived complete with the wrong hash too often.</summary>
    Corrupt = 2,

    /// <summary>The receiver's assembly folder cannot be written.</summary>
    NoSpace = 3,
}
