using FlameEdge.Channels;
using FlameEdge.State;

namespace FlameEdge.Control.Jobs;

/// <summary>What follows from a review: first content and records become durable, then notices are posted, in this order.</summary>
internal sealed class Effects
{
    /// <summary>Content to keep, by SHA-256.</summary>
    public List<(string Hash, byte[] Content)> Content { get; } = [];

    public List<StateChange> Changes { get; } = [];

    /// <summary>Notices; no text takes a retained one down.</summary>
    public List<(BulletinTopic Topic, byte[]? Json)> Notices { get; } = [];

    /// <summary>Files to fetch from an operator.</summary>
    public List<Submission> Fetches { get; } = [];

    /// <summary>True where a loss is about to be acted on: the broker must first repeat something that is posted now.</summary>
    public bool WantsEcho { get; set; }

    /// <summary>When to look again although nothing has happened; null for no such time.</summary>
    public TimeSpan? DueIn { get; private set; }

    /// <summary>True where content may have become unused.</summary>
    public bool HasWaste { get; set; }

    /// <summary>Asks for another look.</summary>
    public void Due(TimeSpan after)
    {
        var bounded = after < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : after;
        DueIn = DueIn is { } sooner && sooner < bounded ? sooner : bounded;
    }
}

/// <summary>A job to run that is not durable yet.</summary>
/// <param name="Job">The job.</param>
/// <param name="Operator">Who wants it, and serves its files.</param>
/// <param name="Wish">What was said.</param>
internal sealed record Submission(string Job, string Operator, DesiredJob Wish);

/// <summary>Now: on the controller's own clock, which counts losses, and in the world, for what must outlive the process.</summary>
internal readonly record struct Moment(TimeSpan Own, DateTimeOffset World);
