using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>One worker a message is meant for, and how far it has got.</summary>
internal sealed class Target(Peer peer, long now, TimeSpan repeatAfter)
{
    private readonly TimeSpan firstPause = repeatAfter;

    /// <summary>Who.</summary>
    public WorkerId Worker { get; } = peer.Worker;

    /// <summary>Which run; another run of the worker is another target.</summary>
    public long Incarnation { get; } = peer.Incarnation;

    /// <summary>It is on the channel now.</summary>
    public bool IsPresent { get; set; } = true;

    /// <summary>It has the whole message.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Why it never will; null while it may.</summary>
    public RefusalReason? Refused { get; set; }

    /// <summary>Chunks below this index may be sent to it.</summary>
    public int Credit { get; set; }

    /// <summary>The chunks it lost; null where none.</summary>
    public ChunkMap? Lost { get; set; }

    /// <summary>Its newest answer.</summary>
    public uint Sequence { get; set; }

    /// <summary>When it last said anything about this message (a timestamp).</summary>
    public long HeardAt { get; private set; } = now;

    /// <summary>When it last got further, rather than asking for patience (a timestamp).</summary>
    public long AdvancedAt { get; private set; } = now;

    /// <summary>When it was last told (a timestamp).</summary>
    public long ToldAt { get; private set; } = now;

    /// <summary>Since when it has been there to be told (a timestamp).</summary>
    public long BeganAt { get; private set; } = now;

    /// <summary>Silence after which it is told again.</summary>
    public TimeSpan Pause { get; private set; } = repeatAfter;

    /// <summary>It still has to be told, or given chunks.</summary>
    public bool IsOpen => IsPresent && !IsHeld && Refused is null;

    /// <summary>It answered that it is getting on.</summary>
    public void Advanced(long now)
    {
        HeardAt = AdvancedAt = now;
        Pause = firstPause;
    }

    /// <summary>It asked for patience.</summary>
    public void Held(long now) => HeardAt = now;

    /// <summary>It came back, or is new: silence counts from here.</summary>
    public void Returned(long now)
    {
        IsPresent = true;
        Advanced(now);
        BeganAt = ToldAt = now;
    }

    /// <summary>It has been told once more; the next pause is longer.</summary>
    public void Told(long now, TimeSpan atMost)
    {
        ToldAt = now;
        Pause = Pause * 2 < atMost ? Pause * 2 : atMost;
    }
}
