using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>Hands a top aggregator's newest committed round to the controller, so that it can go on elsewhere: told by hash, fetched by whoever wants it. The newest replaces what waits.</summary>
/// <param name="state">The aggregator's state.</param>
/// <param name="worker">The aggregator.</param>
/// <param name="tell">Tells the controller; throws <see cref="ChannelException"/> while it is not there.</param>
/// <param name="time">The clock.</param>
internal sealed class CheckpointHandover(IStateStore state, WorkerId worker, Func<CheckpointNote, CancellationToken, Task> tell, TimeProvider time) : IJobObserver
{
    // A model may be large, and its link slow: the next is not offered before this one is through, nor sooner than this.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(20);
    private readonly Pulse pulse = new();
    private readonly Lock gate = new();
    private (string Hash, byte[] Content)? newest;
    private (string Hash, byte[] Content)? former;
    private string? fetched;
    private long committed;

    public void Say(WorkerId speaker, string line)
    {
        // Others tell.
    }

    public void RoundEnded(WorkerId speaker, RoundResult round) => Commit();

    public void RoundProgress(WorkerId speaker, int round, int present, int counted, int expected)
    {
        // Not committed yet.
    }

    public void JobEnded(WorkerId speaker, JobEnd end) => Commit();

    /// <summary>The controller is there again: it may have missed what was told.</summary>
    public void Again() => pulse.Send();

    /// <summary>A snapshot by its hash: the newest, or the one before; null for all others.</summary>
    public ReadOnlyMemory<byte>? Find(string hash)
    {
        lock (gate)
        {
            var found = newest?.Hash == hash ? newest?.Content : former?.Hash == hash ? former?.Content : null;
            if (found is not null)
            {
                fetched = hash;
                pulse.Send();
            }

            return found is null ? null : (ReadOnlyMemory<byte>)found;
        }
    }

    /// <summary>Hands over until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var taken = -1L;
        try
        {
            while (true)
            {
                var next = pulse.Next;
                if (Interlocked.Read(ref committed) is var now && now != taken && await TakeAsync(cancellationToken))
                {
                    taken = now;
                }

                var isThrough = await OfferAsync(cancellationToken);
                await Task.Delay(Pause, time, cancellationToken);
                await Pulse.AnyAsync(isThrough ? Timeout.InfiniteTimeSpan : Retry, time, cancellationToken, next);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The worker stops.
        }
    }

    /// <summary>Gets the last committed round through, within a bound: after it the agent says that the work is done, and its folder may go.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(LastWord, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            await TakeAsync(either.Token);
            while (!await OfferAsync(either.Token) || !IsFetched())
            {
                var next = pulse.Next;
                if (!IsFetched())
                {
                    await Pulse.AnyAsync(Pause, time, either.Token, next);
                    either.Token.ThrowIfCancellationRequested();
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A controller that is away so long goes on from what it has.
        }
    }

    private void Commit()
    {
        Interlocked.Increment(ref committed);
        pulse.Send();
    }

    private bool IsFetched()
    {
        lock (gate)
        {
            return newest is null || fetched == newest.Value.Hash;
        }
    }

    private async Task<bool> TakeAsync(CancellationToken cancellationToken)
    {
        if (await RunSnapshot.TakeAsync(state, worker, cancellationToken) is not { } content)
        {
            return false;
        }

        var hash = ContentExchange.HashOf(content);
        lock (gate)
        {
            if (newest?.Hash != hash)
            {
                (former, newest) = (newest, (hash, content));
            }
        }

        return true;
    }

    // True where nothing is left to be told.
    private async Task<bool> OfferAsync(CancellationToken cancellationToken)
    {
        if (newest is not var (hash, content) || IsFetched())
        {
            return true;
        }

        try
        {
            var (run, round) = RunSnapshot.StandingOf(worker, content);
            await tell(new CheckpointNote(worker.Value, hash, round, run), cancellationToken);
            return true;
        }
        catch (ChannelException)
        {
            return false;
        }
    }
}
