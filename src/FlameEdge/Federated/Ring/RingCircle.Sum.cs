using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <content>A member's part in a sum.</content>
internal sealed partial class RingCircle
{
    private float[] ValuesFor(long weight) => weight > 0 ? change!.Values : new float[work.Length]; // not null: who has weight is ready.

    private void Begin(RingHead head, WorkerId from, Dictionary<string, long> weights)
    {
        var cohort = Cohort.Select(worker => worker.Value).Append(Self.Value).ToHashSet(StringComparer.Ordinal);
        if (head.Standing != work.Standing || change is null || weights.GetValueOrDefault(Self.Value) != change.Samples || !weights.Keys.All(cohort.Contains) || weights.Values.Any(weight => weight is < 0 or > LargestWeight) || weights.Values.Sum() <= 0)
        {
            // It does not know where this member stands.
            Tell(from);
            return;
        }

        attempt = new RingAttempt(head.Order, from, weights, Self, change.Values);
        Go();
    }

    // Sends the first part, and takes what was there before this member knew of the sum.
    private void Go()
    {
        SendPart();
        CrashPoint.Reach("ring-part-sent");
        foreach (var early in stash.ToList())
        {
            stash.Remove(early);
            using (early)
            {
                var head = Parse(early.Message.Head.Span, RingJson.Default.RingHead);
                if (IsOurs(head))
                {
                    TakePart(early, head);
                }
            }
        }

        Complete();
    }

    private bool TakePart(MessageArrived arrived, RingHead head)
    {
        if (!IsOurs(head))
        {
            return Stash(arrived, head);
        }

        if (arrived.Worker != attempt!.Left) // not null: it is ours.
        {
            return false;
        }

        try
        {
            var isNext = attempt.Take(head.Step, arrived.Message.Body);
            while (isNext)
            {
                isNext = attempt.Advance();
                if (!attempt.IsComplete)
                {
                    SendPart();
                }
            }
        }
        catch (PayloadException error)
        {
            var why = $"its part of the sum was refused by {Self}: {error.Message}";
            if (attempt.Coordinator == Self)
            {
                Refuse(attempt.Left, why);
            }
            else
            {
                Answer(Head(RingHead.Broken) with { Refusal = why });
            }

            return false;
        }

        Complete();
        return false;
    }

    // The left neighbour may have heard of a sum before this member has: at most a ring's parts are kept of it.
    private bool Stash(MessageArrived arrived, RingHead head)
    {
        if (head.Order <= (attempt?.Order ?? 0) || stash.Count >= 2 * (Cohort.Count + 1) || arrived.Message.Body.Length > 4L * work.Length)
        {
            return false;
        }

        foreach (var old in stash.Where(item => item.Worker == arrived.Worker && Parse(item.Message.Head.Span, RingJson.Default.RingHead).Order < head.Order).ToList())
        {
            stash.Remove(old);
            old.Dispose();
        }

        stash.Add(arrived);
        return true;
    }

    private void SendPart()
    {
        var own = attempt!; // not null: a sum is under way.
        if (own.Members.Count > 1)
        {
            var (step, body) = own.Outgoing();
            Send(own.Right, Head(RingHead.Part) with { Order = own.Order, Coordinator = own.Coordinator.Value, Step = step }, body, () => ReferenceEquals(attempt, own));
        }
    }

    private void Complete()
    {
        if (attempt is not { IsComplete: true } whole || whole.Done.Contains(Self))
        {
            return;
        }

        CrashPoint.Reach("ring-reduced");
        whole.Done.Add(Self);
        if (whole.Coordinator != Self)
        {
            Answer(Head(RingHead.Done) with { Hash = whole.Hash() });
        }
    }

    private void Answer(RingHead head)
    {
        var own = attempt!; // not null: it is about the present sum.
        Send(own.Coordinator, head with { Order = own.Order, Coordinator = own.Coordinator.Value }, default, () => ReferenceEquals(attempt, own));
    }

    private void NoteDone(WorkerId from, string? hash)
    {
        var own = attempt!; // not null: it is ours.
        own.Hashes[from] = hash ?? string.Empty;
        own.Done.Add(from);
    }

    private void Refuse(WorkerId worker, string? why)
    {
        attempt = null;
        if (worker != Self)
        {
            refused[worker] = why ?? "its part of the sum could not be taken";
        }
    }
}
