using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <content>What members say to one another.</content>
internal sealed partial class RingCircle
{
    // Whoever coordinates from now on learns where this member stands.
    private void TellIfNew()
    {
        var to = Coordinator;
        var now = to == Self ? (to, 0) : (to, inbox.Present[to].Incarnation);
        if (told == now && (to == Self || context.Time.GetElapsedTime(toldAt) < Repeat))
        {
            return;
        }

        heard = told == now ? heard : context.Time.GetTimestamp();
        told = now;
        toldAt = context.Time.GetTimestamp();
        if (to == Self)
        {
            attempt = attempt?.Coordinator == Self ? attempt : null;
            foreach (var other in inbox.Present.Keys)
            {
                Send(other, Head(RingHead.Call), default, () => IsCoordinator);
            }
        }
        else
        {
            Tell(to);
        }
    }

    private void Tell(WorkerId to)
    {
        var place = table[Self]!; // not null: placed when the round was opened.
        var head = Head(RingHead.Here) with { Order = newest, Number = ++said, Samples = place.Samples, IsReady = place.IsReady, Refusal = place.Refusal, Loss = place.Loss };
        Send(to, head, default, () => ReferenceEquals(table[Self], place));
    }

    private RingHead Head(string kind) => new() { Kind = kind, Standing = work.Standing };

    private void Send(WorkerId to, RingHead head, ReadOnlySequence<byte> body, Func<bool> isWanted)
    {
        var incarnation = inbox.Present.GetValueOrDefault(to)?.Incarnation;
        var message = new Message { Kind = MessageKind.Ring, Round = work.Standing.Round + 1, Head = FederatedJson.Write(head, RingJson.Default.RingHead), Body = body };
        sends.Send(to, () => message, () => incarnation is not null && channel.Peers.Any(peer => peer.Worker == to && peer.Incarnation == incarnation) && isWanted());
    }

    private async Task TakeAsync(ChannelEvent? item, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case PeerJoined come:
                Lose(come.Worker, come.Peer.Incarnation);
                seen.Add(come.Worker);
                Announce(come.Peer);
                break;
            case PeerLeft left:
                Lose(left.Worker, null);
                break;
            case MessageArrived arrived:
                var isKept = false;
                try
                {
                    isKept = await ReadAsync(arrived, cancellationToken);
                }
                catch (PayloadException error)
                {
                    LogUnreadable(context.Logger, Self, arrived.Worker, error.Message);
                }
                finally
                {
                    if (!isKept)
                    {
                        arrived.Dispose();
                    }
                }

                break;
        }
    }

    // A member that is gone, or runs anew, holds nothing of the present sum any more.
    private void Lose(WorkerId worker, long? incarnation)
    {
        if (incarnation is not null && table[worker]?.Incarnation == incarnation)
        {
            return;
        }

        table[worker] = null;
        passing = null;
        handed.RemoveWhere(entry => entry.Item1 == worker);
        if (wanted?.Worker == worker)
        {
            wanted = null;
        }

        if (attempt?.Coordinator == Self && attempt.Members.Contains(worker))
        {
            LogAgain(context.Logger, Self, attempt.Order, worker);
            attempt = null;
        }
    }

    private async Task<bool> ReadAsync(MessageArrived arrived, CancellationToken cancellationToken)
    {
        if (inbox.Present.GetValueOrDefault(arrived.Worker)?.Incarnation != arrived.Incarnation)
        {
            return false;
        }

        heard = arrived.Worker == Coordinator ? context.Time.GetTimestamp() : heard;
        if (arrived.Message.Kind == MessageKind.End)
        {
            end = FederatedJson.Read(arrived.Message.Head.Span, FederatedJson.Default.EndHead);
            return false;
        }

        if (arrived.Message.Kind != MessageKind.Ring)
        {
            return false;
        }

        var (from, body) = (arrived.Worker, arrived.Message.Body);
        var head = Parse(arrived.Message.Head.Span, RingJson.Default.RingHead);
        if (head.Order < 0 || head.Order - newest > LargestLeap)
        {
            throw new PayloadException($"sum {head.Order} is none that could follow {newest}");
        }

        newest = Math.Max(newest, head.Order);
        switch (head.Kind)
        {
            case RingHead.Here when table[from] is { } known && known.Incarnation == arrived.Incarnation && known.Number > head.Number:
                // Two words of one member may overtake each other.
                break;
            case RingHead.Here:
                table[from] = new RingPlace(head.Standing, arrived.Incarnation, Math.Clamp(head.Samples, 0, LargestWeight), head.IsReady, head.Refusal, head.Loss, head.Number);
                break;
            case RingHead.Call:
                Tell(from);
                break;
            case RingHead.Want when work.Standing == head.Standing:
                Hand(from);
                break;
            case RingHead.State or RingHead.Pass when IsBetter(from, head.Standing):
                await StopTrainingAsync();
                await work.AdoptAsync(head.Standing, body, cancellationToken);
                if (head.Kind == RingHead.Pass)
                {
                    PassOn();
                }

                break;
            case RingHead.State or RingHead.Pass:
                Tell(from);
                break;
            case RingHead.Begin when IsNewer(head.Order, from):
                Begin(head, from, Parse(body.ToArray(), RingJson.Default.DictionaryStringInt64));
                break;
            case RingHead.Part:
                return TakePart(arrived, head);
            case RingHead.Done when IsOurs(head) && attempt!.Coordinator == Self && attempt.Members.Contains(from): // not null: it is ours.
                NoteDone(from, head.Hash);
                break;
            case RingHead.Broken when IsOurs(head) && attempt!.Coordinator == Self && attempt.Members.Contains(from):
                Refuse(attempt.Members[(attempt.Members.IndexOf(from) + attempt.Members.Count - 1) % attempt.Members.Count], head.Refusal);
                break;
            case RingHead.Commit:
                await FollowAsync(head, from, body, cancellationToken);
                break;
        }

        return false;
    }

    private static T Parse<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => FederatedJson.Read(json, type);

    private bool IsOurs(RingHead head) => attempt is not null && head.Order == attempt.Order && head.Coordinator == attempt.Coordinator.Value;

    private bool IsNewer(int order, WorkerId coordinator) => attempt is null || order > attempt.Order
        || (order == attempt.Order && string.CompareOrdinal(coordinator.Value, attempt.Coordinator.Value) < 0);

    private bool IsBetter(WorkerId from, RingStanding standing) =>
        standing.Round > work.Standing.Round || (standing.Round == work.Standing.Round && standing != work.Standing && (from == Coordinator || IsCoordinator));

    private void Hand(WorkerId to)
    {
        var place = table[to];
        var standing = work.Standing;
        if (handed.Add((to, inbox.Present[to].Incarnation, place?.Standing ?? standing)))
        {
            Send(to, Head(RingHead.State), work.Snapshot(), () => work.Standing == standing);
        }
    }
}
