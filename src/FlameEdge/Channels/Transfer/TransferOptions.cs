namespace FlameEdge.Channels.Transfer;

/// <summary>How messages are cut, paced, repeated and bounded. One end's settings; the two ends need not agree.</summary>
public sealed class TransferOptions
{
    /// <summary>Bytes of a chunk; a message up to this size is one packet. Made smaller where the broker takes less.</summary>
    public int ChunkBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes a receiver has under way to it on one channel, shared by the messages it assembles; at least one chunk each.</summary>
    public int WindowBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Messages a receiver assembles at once; further senders are told to hold.</summary>
    public int MaximumAssemblies { get; set; } = 4;

    /// <summary>Bytes of messages being assembled or waiting for the role, per channel. A message above it is refused.</summary>
    public long MaximumAssemblyBytes { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Where bodies above <see cref="FileAboveBytes"/> are assembled; null keeps them in pooled memory.</summary>
    public string? AssemblyFolder { get; set; }

    /// <summary>Bodies up to this size are assembled in memory even where there is a folder.</summary>
    public long FileAboveBytes { get; set; } = 1024 * 1024;

    /// <summary>The same for a worker that receives one model at a time and hands nothing on: memory is quicker, until a model is large beside it.</summary>
    public long LeafFileAboveBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Small messages a role may leave unread; then its senders are told to hold.</summary>
    public int MailboxCapacity { get; set; } = 4096;

    /// <summary>Silence after which a sender repeats itself; doubled each time up to <see cref="RepeatAtMost"/>.</summary>
    public TimeSpan RepeatAfter { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause between repetitions.</summary>
    public TimeSpan RepeatAtMost { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause in the arrival of chunks after which a receiver asks for the missing ones; doubled each time up to ten times this.</summary>
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Silence of a peer after which a send is given up.</summary>
    public TimeSpan ReceiptTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a peer that answers "hold" is waited for.</summary>
    public TimeSpan HoldTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Pause in the arrival of chunks after which a receiver gives a partial message up and frees its room.</summary>
    public TimeSpan AssemblyTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often a message may arrive complete with the wrong hash before it is refused.</summary>
    public int MaximumTries { get; set; } = 3;

    /// <summary>Packets of bulk one channel has under way to the broker.</summary>
    public int BulkConcurrency { get; set; } = 8;
}
