using System.Buffers;
using FlameEdge.Rounds;

namespace FlameEdge.Federated.Ring;

/// <summary>What the members of a group agree about: a <see cref="RingCircle"/> moves it, its kinds know what it is. Called from one task, but for <see cref="TrainAsync"/>.</summary>
internal interface IRingWork
{
    /// <summary>How far this member is; durable where that must be.</summary>
    RingStanding Standing { get; }

    /// <summary>Values of a change.</summary>
    int Length { get; }

    /// <summary>True where there is something to train from and no end is known.</summary>
    bool CanTrain { get; }

    /// <summary>Learns from what it stands on, which does not change meanwhile.</summary>
    Task<RingChange> TrainAsync(CancellationToken cancellationToken);

    /// <summary>What this member stands on, for one that is behind.</summary>
    ReadOnlySequence<byte> Snapshot();

    /// <summary>Stands from now on where another member stood.</summary>
    /// <exception cref="Diagnostics.PayloadException">It is not what <paramref name="standing"/> says.</exception>
    Task AdoptAsync(RingStanding standing, ReadOnlySequence<byte> snapshot, CancellationToken cancellationToken);

    /// <summary>At the coordinator, when all hold the same mean: does what is to be done with it, and gives what the others must know.</summary>
    Task<(string Hash, byte[] Body)> AgreeAsync(RingOutcome outcome, CancellationToken cancellationToken);

    /// <summary>At the others: follows the coordinator.</summary>
    /// <exception cref="Diagnostics.PayloadException">It comes to something else here.</exception>
    Task FollowAsync(RingOutcome outcome, string hash, ReadOnlySequence<byte> body, CancellationToken cancellationToken);
}

/// <summary>What a sum came to.</summary>
/// <param name="Run">The run, which the first sum names.</param>
/// <param name="Attempt">The sum.</param>
/// <param name="Verdicts">On every member of the group; empty at those who only follow.</param>
/// <param name="Seconds">Since the round began here.</param>
internal sealed record RingOutcome(string Run, RingAttempt Attempt, IReadOnlyList<WorkerVerdict> Verdicts, double Seconds)
{
    /// <summary>The round it ends.</summary>
    public required int Round { get; init; }

    /// <summary>Sample-weighted mean of the training losses members reported, nats; null where nobody said one.</summary>
    public double? Loss
    {
        get
        {
            var said = Verdicts.Where(verdict => verdict is { Verdict: Verdict.Counted, Loss: not null }).ToList();
            return said.Count == 0 ? null : said.Sum(verdict => verdict.Loss!.Value * verdict.Samples) / said.Sum(verdict => verdict.Samples);
        }
    }
}
