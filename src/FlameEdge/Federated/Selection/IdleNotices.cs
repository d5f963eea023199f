using FlameEdge.Channels;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Selection;

/// <summary>Tells workers that a round goes on without them, so that they neither work in vain nor take the silence for the end. Sent behind the round's back: only the newest round's matter.</summary>
internal sealed class IdleNotices(RoleContext context, IChannel channel) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly BackgroundSends sends = new(channel, context.Time, context.Logger, CancellationToken.None);
    private volatile int newest;

    /// <summary>True for an answer that is such a notice.</summary>
    public static bool Is(VerdictHead verdict) => verdict.Answer is VerdictHead.NotSelected or VerdictHead.NotNeeded;

    /// <summary>Tells those of <paramref name="workers"/> that are there.</summary>
    public void Tell(IEnumerable<WorkerId> workers, int round, string answer)
    {
        var head = FederatedJson.Write(new VerdictHead(answer, null), FederatedJson.Default.VerdictHead);
        lock (gate)
        {
            newest = round;
            foreach (var worker in workers)
            {
                sends.Send(worker, () => new Message { Kind = MessageKind.Verdict, Round = round, Head = head }, () => newest == round && channel.Peers.Any(peer => peer.Worker == worker));
            }
        }
    }

    /// <summary>Tells everybody below what was said from above.</summary>
    public void PassOn(int round, VerdictHead verdict)
    {
        if (Is(verdict))
        {
            Tell([.. channel.Peers.Select(peer => peer.Worker)], round, verdict.Answer);
        }
    }

    /// <summary>Ends what is under way.</summary>
    public ValueTask DisposeAsync() => sends.DisposeAsync();
}
