using System.Buffers;
using System.Text.Json;
using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <content>Who is brought where, when a sum begins, and what makes it valid.</content>
internal sealed partial class RingCircle
{
    private async Task CoordinateAsync(CancellationToken cancellationToken)
    {
        hasGathered |= inbox.Present.Count == Cohort.Count || Age >= Deadline;
        if (await LeadAsync(cancellationToken) || !IsCoordinator)
        {
            return;
        }

        if (work.CanTrain)
        {
            context.Observer.RoundProgress(Self, work.Standing.Round + 1, inbox.Present.Count + 1, table.All.Count(member => member.Place.IsReady), Cohort.Count + 1);
        }

        var target = table.Target();
        if (target != work.Standing)
        {
            Ask(table.HolderOf(target), target);
            return;
        }

        foreach (var (worker, _) in table.All.Where(member => !IsPassing && member.Place.Standing != target && inbox.Present.ContainsKey(member.Worker)).ToList())
        {
            Hand(worker);
        }

        if (attempt is not null && context.Time.GetElapsedTime(begun) > Deadline)
        {
            GiveUp(attempt);
        }

        if (attempt is null && work.CanTrain)
        {
            TryBegin(target);
        }

        if (attempt is { IsComplete: true } whole && whole.Done.Count == whole.Members.Count)
        {
            await AgreeAsync(whole, cancellationToken);
        }
    }

    private void Ask(WorkerId holder, RingStanding target)
    {
        if (wanted is not { } asked || asked.Worker != holder || context.Time.GetElapsedTime(asked.At) > Deadline)
        {
            wanted = (holder, context.Time.GetTimestamp());
            Send(holder, Head(RingHead.Want) with { Standing = target }, default, () => work.Standing != target);
        }
    }

    // Who does not answer is not waited for a second time.
    private void GiveUp(RingAttempt stuck)
    {
        attempt = null;
        if (++failures >= Rounds.MaxFailures)
        {
            throw new JobFailedException($"{failures} sums in a row were not whole within {Deadline.TotalSeconds:0.#} s; the last waited for {string.Join(", ", stuck.Members.Where(worker => !stuck.Done.Contains(worker)).Take(5))}. Raise rounds.deadline or repair the workers, and go on with --resume.") { IsTimeout = true };
        }

        foreach (var worker in stuck.Members.Where(worker => worker != Self && !stuck.Done.Contains(worker)))
        {
            table[worker] = null;
            if (inbox.Present.ContainsKey(worker))
            {
                Send(worker, Head(RingHead.Call), default, () => IsCoordinator);
            }
        }

        var grace = Deadline < Farewell ? Deadline / 2 : Farewell / 2;
        opened = context.Time.GetTimestamp() - (long)((Deadline - grace).TotalSeconds * context.Time.TimestampFrequency);
    }

    private void TryBegin(RingStanding target)
    {
        var cohort = Cohort;
        List<WorkerId> ready = [.. table.All.Where(member => member.Place.IsReady && member.Place.Standing == target && !refused.ContainsKey(member.Worker) && (member.Worker == Self || inbox.Present.ContainsKey(member.Worker))).Select(member => member.Worker)];
        var resolved = ready.Count + table.All.Count(member => member.Place.Refusal is not null && member.Place.Standing == target) + refused.Count;
        var isQuorum = ready.Count >= Quorum;
        var isAll = resolved >= cohort.Count + 1;
        var isRestGone = hasGathered && resolved >= inbox.Present.Count + 1;
        if (!isQuorum || !(isAll || isRestGone || Age >= Deadline))
        {
            return;
        }

        var weights = ready.ToDictionary(worker => worker.Value, worker => table[worker]!.Samples); // not null: it is ready.
        if (!ready.Contains(Self))
        {
            // It has nothing to bring in time, or nothing fit to be summed, and carries the others' sums nevertheless.
            weights[Self.Value] = 0;
        }

        if (weights.Values.Sum() <= 0)
        {
            return;
        }

        var head = Head(RingHead.Begin) with { Order = ++newest, Coordinator = Self.Value };
        begun = context.Time.GetTimestamp();
        var body = new ReadOnlySequence<byte>(JsonSerializer.SerializeToUtf8Bytes(weights, RingJson.Default.DictionaryStringInt64));
        attempt = new RingAttempt(head.Order, Self, weights, Self, ValuesFor(weights[Self.Value]));
        var own = attempt;
        foreach (var worker in own.Members.Where(worker => worker != Self))
        {
            Send(worker, head, body, () => ReferenceEquals(attempt, own));
        }

        CrashPoint.Reach("ring-begun");
        Go();
    }

    private async Task AgreeAsync(RingAttempt whole, CancellationToken cancellationToken)
    {
        var hash = whole.Hash();
        if (whole.Hashes.FirstOrDefault(pair => pair.Value != hash) is { Value: not null } other)
        {
            Refuse(other.Key, "it holds another sum than the coordinator");
            return;
        }

        CrashPoint.Reach("ring-agreed");
        var run = work.Standing.Run.Length > 0 ? work.Standing.Run : Guid.NewGuid().ToString("n");
        var outcome = new RingOutcome(run, whole, Verdicts(whole), Age.TotalSeconds) { Round = work.Standing.Round + 1 };
        var head = Head(RingHead.Commit) with { Order = whole.Order, Coordinator = Self.Value };
        var (result, body) = await work.AgreeAsync(outcome, cancellationToken);
        head = head with { Hash = result, Run = run };
        var standing = work.Standing;
        foreach (var worker in whole.Members.Where(worker => worker != Self && inbox.Present.ContainsKey(worker)))
        {
            Send(worker, head, new ReadOnlySequence<byte>(body), () => work.Standing == standing);
            table[worker] = table[worker]! with { Standing = standing, IsReady = false, Refusal = null, IsSaid = false }; // not null: it took part.
        }

        CrashPoint.Reach("ring-told");
    }

    private async Task FollowAsync(RingHead head, WorkerId from, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        if (!IsOurs(head) || attempt is not { IsComplete: true } whole || whole.Coordinator != from || head.Hash is null || head.Run is null || head.Standing != work.Standing)
        {
            Tell(from);
            return;
        }

        await work.FollowAsync(new RingOutcome(head.Run, whole, [], Age.TotalSeconds) { Round = work.Standing.Round + 1 }, head.Hash, body, cancellationToken);
    }

    private List<WorkerVerdict> Verdicts(RingAttempt whole)
    {
        return [.. Cohort.Append(Self).OrderBy(worker => worker.Value, StringComparer.Ordinal).Select(Judge)];

        WorkerVerdict Judge(WorkerId worker)
        {
            var place = table[worker];
            if (whole.Weights.GetValueOrDefault(worker.Value) is > 0 and var samples)
            {
                return new() { Worker = worker.Value, Verdict = Verdict.Counted, Samples = samples, Loss = place?.Loss };
            }

            var (verdict, reason) = (refused.GetValueOrDefault(worker) ?? place?.Refusal) is { } why ? (Verdict.Refused, why)
                : worker == Self || inbox.Present.ContainsKey(worker) ? (Verdict.Late, $"no change of it within {Deadline.TotalSeconds:0.#} s")
                : seen.Contains(worker) ? (Verdict.Left, "it left, or its device was lost, before the sum was whole")
                : (Verdict.Absent, "it was not there in this round");
            return new() { Worker = worker.Value, Verdict = verdict, Reason = reason };
        }
    }
}
