using FlameEdge.Topology;

namespace FlameEdge.Channels;

/// <summary>Where agents and tools post small JSON for people and each other: what a job's state is, what an agent should do.</summary>
/// <remarks>Thread-safe. The writer of a retained notice holds the original: a transport repeats it after every reconnect, because brokers lose them.</remarks>
public interface IBulletin
{
    /// <summary>Posts <paramref name="json"/> under <paramref name="topic"/>; it replaces what this topic held where its kind is retained.</summary>
    /// <exception cref="ArgumentException">A retained notice exceeds <see cref="BulletinTopic.MaximumRetainedBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">The topic names no agent.</exception>
    Task PostAsync(BulletinTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken);

    /// <summary>Takes a retained notice down.</summary>
    Task ClearAsync(BulletinTopic topic, CancellationToken cancellationToken);

    /// <summary>The notices of a topic, the retained ones first, then as they are posted, until cancelled. A reader that falls far behind loses the oldest.</summary>
    IAsyncEnumerable<Bulletin> WatchAsync(BulletinTopic topic, CancellationToken cancellationToken);

    /// <summary>The first notice of a topic, retained or posted within <paramref name="bound"/>; null where none came.</summary>
    Task<Bulletin?> ReadAsync(BulletinTopic topic, TimeSpan bound, CancellationToken cancellationToken);
}

/// <summary>A notice.</summary>
/// <param name="Topic">Where it stands; its agent is always named.</param>
/// <param name="Json">The text, UTF-8; empty where a retained notice was taken down.</param>
public sealed record Bulletin(BulletinTopic Topic, ReadOnlyMemory<byte> Json);

/// <summary>What a notice is about; all but events, metrics and wishes are retained.</summary>
public enum BulletinKind
{
    /// <summary>A job's specification: a readable summary with size and hash of the whole.</summary>
    Spec,

    /// <summary>The state of a job, or of an agent.</summary>
    State,

    /// <summary>The round a job is in.</summary>
    Round,

    /// <summary>Something that happened, once.</summary>
    Event,

    /// <summary>What an agent is: device class, programs, hardware.</summary>
    Birth,

    /// <summary>Figures of an agent.</summary>
    Metrics,

    /// <summary>What an agent should do.</summary>
    Task,

    /// <summary>What an agent should be.</summary>
    Config,

    /// <summary>What an operator wants of a job.</summary>
    Desired,

    /// <summary>An agent's life sign: session, connection, online or lost. Written by the transport alone.</summary>
    Alive,
}

/// <summary>A place on the bulletin board: a job's or the fleet's, of one agent or, for watching, of all.</summary>
/// <param name="Job">The job; null for the fleet.</param>
/// <param name="Agent">Who says it (for <see cref="BulletinKind.Task"/> and <see cref="BulletinKind.Config"/>: to whom it is said); null watches all.</param>
/// <param name="Kind">What it is about.</param>
public readonly record struct BulletinTopic(JobId? Job, AgentId? Agent, BulletinKind Kind)
{
    /// <summary>A retained notice is a summary, not a store: brokers bound and copy them.</summary>
    public const int MaximumRetainedBytes = 4096;

    private static readonly JobId AnyJobName = new("+");

    /// <summary>True where the last notice stays for those who come later.</summary>
    public bool IsRetained => Kind is not (BulletinKind.Event or BulletinKind.Metrics or BulletinKind.Desired);

    /// <summary>A job's notice said by one agent.</summary>
    public static BulletinTopic OfJob(JobId job, AgentId agent, BulletinKind kind) => new(job, agent, Checked(kind, ofJob: true));

    /// <summary>A job's notices, whoever says them; for watching.</summary>
    public static BulletinTopic AnyOfJob(JobId job, BulletinKind kind) => new(job, null, Checked(kind, ofJob: true));

    /// <summary>A kind of notice of whatever job, whoever says it; for watching.</summary>
    public static BulletinTopic AnyJob(BulletinKind kind) => new(AnyJobName, null, Checked(kind, ofJob: true));

    /// <summary>An agent's notice.</summary>
    public static BulletinTopic OfFleet(AgentId agent, BulletinKind kind) => new(null, agent, Checked(kind, ofJob: false));

    /// <summary>Everybody's notices of a kind; for watching.</summary>
    public static BulletinTopic AnyOfFleet(BulletinKind kind) => new(null, null, Checked(kind, ofJob: false));

    /// <summary>True where a notice of <paramref name="other"/> is seen by who watches this topic.</summary>
    public bool Covers(BulletinTopic other) => Kind == other.Kind && (Job == AnyJobName ? other.Job is not null : Job == other.Job) && (Agent is null || Agent == other.Agent);

    internal void RequirePostable(ReadOnlyMemory<byte> json)
    {
        if (Agent is null || Job == AnyJobName || Kind == BulletinKind.Alive)
        {
            throw new InvalidOperationException("a notice is posted by one agent about one thing; name them in the topic. Life signs belong to the transport");
        }

        if (IsRetained && json.Length > MaximumRetainedBytes)
        {
            throw new ArgumentException($"a retained notice holds at most {MaximumRetainedBytes} bytes, this {Kind} has {json.Length}; post a summary with a hash of the rest", nameof(json));
        }
    }

    private static BulletinKind Checked(BulletinKind kind, bool ofJob)
    {
        var fits = ofJob
            ? kind is BulletinKind.Spec or BulletinKind.State or BulletinKind.Round or BulletinKind.Event or BulletinKind.Desired
            : kind is BulletinKind.State or BulletinKind.Event or BulletinKind.Birth or BulletinKind.Metrics or BulletinKind.Task or BulletinKind.Config or BulletinKind.Alive;
        return fits ? kind : throw new ArgumentException($"{kind} is no notice of {(ofJob ? "a job" : "the fleet")}", nameof(kind));
    }
}
