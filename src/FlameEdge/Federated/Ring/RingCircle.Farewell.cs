using FlameEdge.Channels;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Ring;

/// <content>How the circle ends.</content>
internal sealed partial class RingCircle
{
    // Nobody is left behind who is there, and who restarts at the same time gets a moment to come.
    private async Task AwaitOthersAsync(CancellationToken cancellationToken)
    {
        var since = context.Time.GetTimestamp();
        while (IsCoordinator && end is null && context.Time.GetElapsedTime(since) < Farewell)
        {
            TellIfNew();
            await CoordinateAsync(cancellationToken);
            if (Cohort.TrueForAll(worker => table[worker] is { IsSaid: true } place && place.Standing == work.Standing))
            {
                return;
            }

            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>Leaves the group, and tells it that the job is over where <paramref name="own"/> says so.</summary>
    public async Task LeaveAsync(EndHead? own, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            if (own is not null)
            {
                end = own;
                await channel.BroadcastAsync(new Message { Kind = MessageKind.End, Head = FederatedJson.Write(own, FederatedJson.Default.EndHead) }, inbox.Present.Count, both.Token);
            }

            await channel.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(Self, $"some members of the ring may not have heard that the job is over: {error.Message}");
        }
    }
}
