using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Coordination;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Replicas;

/// <summary>
/// A trainer's end of replicas: which of the aggregators of its group it works with, decided by itself from who is there and told by its presence. It stays with one while it is at work, and
/// takes the next at once where that one is gone. An update is bound to one replica, durably, before that can have it: no other ever gets one of the same round.
/// </summary>
internal sealed class ReplicaChooser : IAsyncDisposable
{
    private const string Collection = "replica";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim changed = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private Task telling = Task.CompletedTask;
    private PeerCard card = new(0);
    private WorkerId? with;
    private GivenUpdate? given;
    private bool isAtWork;

    private ReplicaChooser(RoleContext context, IChannel channel) => (this.context, this.channel) = (context, channel);

    /// <summary>The one of a trainer that may meet several aggregators; null where there is one, or a coordinator that says which.</summary>
    public static ReplicaChooser? For(RoleContext context, IChannel channel) =>
        PlanFollower.ChannelOf(context) is null && context.CohortOf(channel).Count > 1 ? new(context, channel) : null;

    /// <summary>Shows itself to all of them; which one it takes follows as soon as it sees any.</summary>
    public async Task JoinAsync(PeerCard plain, CancellationToken cancellationToken)
    {
        if (await context.State.ReadAsync(Collection, context.Worker.Id.Value, cancellationToken) is { } json)
        {
            given = PresenceJson.ReadGiven(json);
        }

        card = plain;
        await channel.JoinAsync(card, cancellationToken);
        telling = Task.Run(TellAsync, CancellationToken.None);
        Review();
    }

    /// <summary>Somebody has come or gone.</summary>
    public void Review()
    {
        lock (gate)
        {
            if (changed.CurrentCount == 0)
            {
                changed.Release();
            }
        }
    }

    /// <summary>It waits for a model: a replica that is a better one for it may have it from the next round on.</summary>
    public void Rest()
    {
        lock (gate)
        {
            isAtWork = false;
        }

        Review();
    }

    /// <summary>It has a model to work on.</summary>
    public void Work()
    {
        lock (gate)
        {
            isAtWork = true;
        }
    }

    /// <summary>Who gets the update of a round: from here on nobody else, whatever becomes of it. The change says so durably and belongs into the commit that keeps the update.</summary>
    public (WorkerId To, StateChange Change) Bind(string run, int round, WorkerId asker)
    {
        lock (gate)
        {
            // In a replay it is the one that counted it.
            var to = HolderOf(run, round) ?? (context.Replay is null ? with ?? asker : asker);
            given = new GivenUpdate(to.Value, run, round);
            return (to, new StateChange(Collection, context.Worker.Id.Value, PresenceJson.Write(given)));
        }
    }

    /// <summary>Who has the update of a round that is kept.</summary>
    public WorkerId? HolderOf(string run, int round)
    {
        lock (gate)
        {
            return given is { } last && last.Run == run && last.Round == round ? new(last.To) : null;
        }
    }

    /// <summary>Tells nothing any more: it is about to leave.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await telling;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
        changed.Dispose();
    }

    private async Task TellAsync()
    {
        try
        {
            while (true)
            {
                await changed.WaitAsync(stopping.Token);
                await TellChoiceAsync();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It leaves.
        }
    }

    private async Task TellChoiceAsync()
    {
        Choose();
        while (Next() is { } next)
        {
            try
            {
                await channel.JoinAsync(next, stopping.Token);
                card = next;
            }
            catch (ChannelException)
            {
                // The broker is away, and with it all replicas.
                await Task.Delay(Pause, context.Time, stopping.Token);
                Choose();
            }
        }
    }

    private void Choose()
    {
        var present = channel.Peers;
        lock (gate)
        {
            if (isAtWork && present.Any(peer => peer.Worker == with))
            {
                return;
            }

            // One that has just started may not be ready yet; it says when it is.
            with = Rendezvous.Of(context.Worker.Id, present.Where(peer => peer.Card.Replica?.With == peer.Worker.Value).Select(peer => peer.Worker)) ?? with;
        }
    }

    // Null where all is told.
    private PeerCard? Next()
    {
        lock (gate)
        {
            return with is { } chosen && card.Replica?.With != chosen.Value ? card with { Replica = new(chosen.Value, given) } : null;
        }
    }
}
