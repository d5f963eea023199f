using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>The way up of an update: out of the outbox, repeated until the aggregator's transport holds it or the round is over.</summary>
internal sealed class UpdateSender(RoleContext context, IChannel channel)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>True when the update was handed over, which it is only once it is <paramref name="kept"/>; false when <paramref name="superseded"/> came first.</summary>
    public async Task<bool> SendAsync(WorkerId to, int round, UpdateHead head, ReadOnlySequence<byte> body, List<WorkerVerdict>? report, Task kept, CancellationToken superseded, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(superseded, cancellationToken);
        while (!superseded.IsCancellationRequested)
        {
            try
            {
                if (report is not null)
                {
                    await channel.SendAsync(to, Report(round, report), both.Token);
                }

                await channel.SendAsync(to, Update(round, head, body, kept), both.Token);
                return true;
            }
            catch (ChannelException)
            {
                // The aggregator is away or its broker is: while the round lasts, the update waits here.
                await PauseAsync(both.Token, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Asks for the whole model. A request that does not arrive costs this worker the round: the next one brings another chance.</summary>
    public async Task AskAsync(WorkerId to, int round, CancellationToken superseded, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(superseded, cancellationToken);
        try
        {
            await channel.SendAsync(to, new Message { Kind = MessageKind.Want, Round = round }, both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Whoever was to answer is away, or has sent something newer.
        }
    }

    private async Task PauseAsync(CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(Pause, context.Time, either);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Superseded: the caller sees it.
        }
    }

    private static Message Update(int round, UpdateHead head, ReadOnlySequence<byte> body, Task kept) => new()
    {
        Kind = MessageKind.Update,
        Round = round,
        Head = FederatedJson.Write(head, FederatedJson.Default.UpdateHead),
        Body = body,
        Until = kept,
    };

    private static Message Report(int round, List<WorkerVerdict> report) => new()
    {
        Kind = MessageKind.Report,
        Round = round,
        Body = new ReadOnlySequence<byte>(FederatedJson.Write(report, FederatedJson.Default.ListWorkerVerdict)),
    };
}
