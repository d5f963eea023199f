using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>A model that was asked to be worked on; the holder gives its buffer back.</summary>
internal sealed record ModelRequest(WorkerId From, int Round, ModelHead Head, MessageArrived Arrived, long ArrivedAt) : IDisposable
{
    /// <summary>True for a request for the same update.</summary>
    public bool Asks(ModelRequest other) => Round == other.Round && Head.Run == other.Head.Run && Head.Base == other.Head.Base && Head.Ticket == other.Head.Ticket && Head.Plan == other.Head.Plan;

    /// <summary>True where an aggregator this worker belonged to before is the one that asks now, late.</summary>
    public bool IsAfter(ModelRequest other) => Head.Ticket == 0 && From != other.From && Head.Run == other.Head.Run && (Round > other.Round || Head.Plan > other.Head.Plan);

    public void Dispose() => Arrived.Dispose();
}

/// <summary>
/// The lower side of a channel: always the newest model, never a queue of old ones. Work on a model is cancelled when a newer one, or the end, arrives;
/// the same request while it is being worked on changes nothing.
/// </summary>
internal sealed class ModelFeed : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly SemaphoreSlim changed = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly IChannel channel;
    private readonly TimeProvider time;
    private readonly Action<WorkerId, int, VerdictHead> onVerdict;
    private readonly Action<MessageArrived>? onSecure;
    private readonly Action? onPeers;
    private readonly Task pump;
    private readonly List<ModelRequest> pending = [];
    private ModelRequest? current;
    private CancellationTokenSource work = new();
    private Exception? fault;
    private long heard;

    /// <param name="channel">The lower end of a channel.</param>
    /// <param name="time">The clock of waits.</param>
    /// <param name="onVerdict">Hears what became of updates; quick.</param>
    /// <param name="onSecure">Hears steps of secure aggregation; quick. Null where there is none.</param>
    /// <param name="onPeers">Hears that an upper side came or left; quick. Null where nobody cares.</param>
    public ModelFeed(IChannel channel, TimeProvider time, Action<WorkerId, int, VerdictHead> onVerdict, Action<MessageArrived>? onSecure = null, Action? onPeers = null)
    {
        (this.onSecure, this.onPeers) = (onSecure, onPeers);
        this.channel = channel;
        this.time = time;
        this.onVerdict = onVerdict;
        pump = Task.Run(PumpAsync);
    }

    /// <summary>How the upper side ended the job; null while it has not.</summary>
    public EndHead? End { get; private set; }

    /// <summary>Cancelled when the work on the current model has become pointless.</summary>
    public CancellationToken Superseded
    {
        get
        {
            lock (gate)
            {
                return work.Token;
            }
        }
    }

    /// <summary>The newest model to work on, or null when the job is over. Work on the one before is done.</summary>
    /// <exception cref="JobFailedException">No upper side for <paramref name="patience"/>, or one that is silent for <paramref name="silence"/>.</exception>
    public async Task<ModelRequest?> NextAsync(TimeSpan patience, TimeSpan silence, CancellationToken cancellationToken)
    {
        FinishCurrent();
        var start = time.GetTimestamp();
        long? alone = channel.Peers.Count == 0 ? start : null;
        while (true)
        {
            lock (gate)
            {
                if (fault is not null)
                {
                    throw new ChannelException($"channel '{channel.Endpoint.Channel}' of {channel.Endpoint.Self} ended: {fault.Message}", fault);
                }

                if (End is not null)
                {
                    return null;
                }

                if (pending is [var first, ..])
                {
                    current = first;
                    pending.RemoveAt(0);
                    work.Dispose();
                    work = new CancellationTokenSource();
                    return current;
                }
            }

            alone = channel.Peers.Count > 0 ? null : alone ?? time.GetTimestamp();
            var left = alone is { } since ? patience - time.GetElapsedTime(since) : silence - time.GetElapsedTime(Math.Max(start, Volatile.Read(ref heard)));
            if (left <= TimeSpan.Zero)
            {
                throw new JobFailedException(alone is null
                    ? $"{channel.Endpoint.Self} heard nothing from its {channel.Endpoint.OtherRole} for {silence.TotalSeconds:0} s although it is there"
                    : $"{channel.Endpoint.Self} found no {channel.Endpoint.OtherRole} for {patience.TotalSeconds:0} s. Start it, or raise rounds.patience.") { IsTimeout = true };
            }

            await changed.WaitAsync(left < patience ? left : patience, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await pump;
        FinishCurrent();
        Forget(static _ => true);
        work.Dispose();
        changed.Dispose();
        stopping.Dispose();
    }

    /// <summary>Gives a model back before it was worked on, so that the same one may come once more in another form.</summary>
    public void Finish(ModelRequest request)
    {
        lock (gate)
        {
            if (ReferenceEquals(current, request))
            {
                FinishCurrent();
            }
        }
    }

    /// <summary>Drops what came so far: this worker was not on the channel for a while.</summary>
    public void Forget()
    {
        lock (gate)
        {
            FinishCurrent();
            Forget(static _ => true);
        }
    }

    private void FinishCurrent()
    {
        lock (gate)
        {
            current?.Dispose();
            current = null;
        }
    }

    private async Task PumpAsync()
    {
        try
        {
            await foreach (var item in channel.ReceiveAsync(stopping.Token))
            {
                Take(item);
                Wake();
            }

            fault = new InvalidOperationException("it was closed");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error)
        {
            fault = error;
        }

        Wake();
    }

    private void Take(ChannelEvent item)
    {
        if (item is PeerLeft left)
        {
            Lose(left.Worker);
        }

        if (item is not MessageArrived arrived)
        {
            onPeers?.Invoke();
            return;
        }

        var isKept = false;
        Volatile.Write(ref heard, time.GetTimestamp());
        try
        {
            isKept = Read(arrived);
        }
        catch (PayloadException)
        {
            // A message that cannot be read is none; the channel counts what it drops, and the upper side asks again.
        }
        finally
        {
            if (!isKept)
            {
                arrived.Dispose();
            }
        }
    }

    private bool Read(MessageArrived arrived)
    {
        var head = arrived.Message.Head.Span;
        switch (arrived.Message.Kind)
        {
            case MessageKind.Model:
                return Offer(new ModelRequest(arrived.Worker, arrived.Message.Round, FederatedJson.Read(head, FederatedJson.Default.ModelHead), arrived, time.GetTimestamp()));
            case MessageKind.Verdict:
                var verdict = FederatedJson.Read(head, FederatedJson.Default.VerdictHead);
                if (Selection.IdleNotices.Is(verdict))
                {
                    Drop(arrived.Message.Round);
                }

                onVerdict(arrived.Worker, arrived.Message.Round, verdict);
                return false;
            case MessageKind.Secure:
                onSecure?.Invoke(arrived);
                return false;
            case MessageKind.End:
                var end = FederatedJson.Read(head, FederatedJson.Default.EndHead);
                lock (gate)
                {
                    End = end;
                    work.Cancel();
                }

                return false;
            default:
                return false;
        }
    }

    private bool Offer(ModelRequest request)
    {
        lock (gate)
        {
            if (current?.Asks(request) == true || current?.IsAfter(request) == true || pending.Exists(known => known.IsAfter(request)))
            {
                return false;
            }

            // Rounds end together: the newest model makes all others pointless. Where nobody waits for anybody, several aggregators in turn may each have asked for something.
            var isAlone = request.Head.Ticket == 0;
            Forget(known => isAlone || known.From == request.From);
            pending.Add(request);
            if (isAlone || current is null || current.From == request.From || channel.Peers.All(peer => peer.Worker != current.From))
            {
                work.Cancel();
            }

            return true;
        }
    }

    // What was done for somebody who is gone cannot be handed over; others wait.
    private void Lose(WorkerId worker)
    {
        lock (gate)
        {
            if (pending.Count > 0 && current?.From == worker)
            {
                work.Cancel();
            }
        }
    }

    private void Forget(Predicate<ModelRequest> isForgotten)
    {
        pending.FindAll(isForgotten).ForEach(request => request.Dispose());
        pending.RemoveAll(isForgotten);
    }

    // The round goes on, or is over, without this worker: work on it, or on one before it, is pointless.
    private void Drop(int round)
    {
        lock (gate)
        {
            if (current?.Round <= round)
            {
                work.Cancel();
            }

            Forget(request => request.Round <= round);
        }
    }

    private void Wake()
    {
        lock (gate)
        {
            if (changed.CurrentCount == 0)
            {
                changed.Release();
            }
        }
    }
}
