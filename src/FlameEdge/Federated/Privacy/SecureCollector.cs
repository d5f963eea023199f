using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated.Privacy;

/// <summary>
/// The upper side of a round whose updates come masked: names the members, hands their keys and shares round while they learn, adds what they send and has the sum unmasked by those who stay.
/// Nothing of it is stored: after a crash the round begins anew, with other keys.
/// </summary>
/// <seealso href="https://doi.org/10.1145/3133956.3133982">Bonawitz et al. 2017, figure 4</seealso>
internal sealed partial class SecureCollector(RoleContext context, ChannelInbox inbox, RoundCollector plain, SecureAggregationSpec spec)
{
    // Of a round's time: whoever has not answered by then is left out of what follows.
    private const double KeysBy = 0.2;
    private const double SharesBy = 0.4;
    private const double UpdatesBy = 0.9;

    private WorkerId Self => context.Worker.Id;

    /// <summary>The one of a job that asks for it, where the workers below are its clients; what comes from aggregators in the middle is a sum already.</summary>
    /// <exception cref="TopologyException">The run is to be replayed, whose sums nobody can unmask.</exception>
    public static SecureCollector? For(RoleContext context, ChannelInbox inbox, RoundCollector plain)
    {
        var lower = context.Job.Graph.Roles.First(role => role.Name == inbox.Source.Endpoint.OtherRole);
        return context.Job.SecureAggregation is not { } spec || !lower.IsDataConsumer ? null
            : context.Replay is null ? new(context, inbox, plain, spec)
            : throw new TopologyException("a job with secure aggregation cannot be replayed: which updates made a sum is not known");
    }

    /// <summary>Runs one round. Counts nobody where too few stayed to the end.</summary>
    public async Task<CollectedRound> CollectAsync(RoundTerms terms, OutgoingModel model, ParameterLayout layout, TimeSpan deadline, CancellationToken cancellationToken)
    {
        await model.Until;
        var cohort = plain.Cohort;
        if (cohort.Count > byte.MaxValue)
        {
            throw new TopologyException($"{Self} has {cohort.Count} clients, and a secure sum at most {byte.MaxValue}: put them into groups below aggregators in the middle");
        }

        var attempt = new Attempt(context, spec, terms, cohort, layout, context.Job.Rounds.QuorumOf(cohort.Count));
        await using var sends = new BackgroundSends(inbox.Source, context.Time, context.Logger, cancellationToken);
        var start = context.Time.GetTimestamp();
        foreach (var worker in inbox.Present.Keys.Where(attempt.Has).ToList())
        {
            Invite(worker);
        }

        await UntilAsync(() => attempt.HasKeysOf(inbox.Present.Keys), KeysBy);
        if (attempt.CloseKeys())
        {
            Tell(attempt.Roster(), attempt.WithKeys);
            CrashPoint.Reach("secure-roster");
            await UntilAsync(() => attempt.HasSharesOf(inbox.Present.Keys), SharesBy);
            if (attempt.CloseShares())
            {
                foreach (var partner in attempt.WithShares)
                {
                    Tell(attempt.SharesFor(partner), [partner]);
                }

                CrashPoint.Reach("secure-partners");
                await UntilAsync(() => attempt.HasUpdatesOf(inbox.Present.Keys), UpdatesBy);
                if (attempt.CloseUpdates())
                {
                    CrashPoint.Reach("secure-summed");
                    Tell(attempt.Question(), attempt.WithUpdate);
                    await UntilAsync(() => attempt.HasEnoughReveals, 1);
                }
            }
        }

        var round = attempt.Finish(out var failure);
        if (failure is not null)
        {
            LogFailed(context.Logger, Self, terms.Round, failure);
        }

        foreach (var update in round.Counted)
        {
            var head = FederatedJson.Write(new VerdictHead("counted", null), FederatedJson.Default.VerdictHead);
            Send(new WorkerId(update.Member), new Message { Kind = MessageKind.Verdict, Round = terms.Round, Head = head });
        }

        return round;

        void Invite(WorkerId worker)
        {
            attempt.Round.Sent(model.Whole.Value.Length);
            var begin = attempt.Begin().In(terms.Round);
            var head = FederatedJson.Write(terms.Head(deadline - context.Time.GetElapsedTime(start), null), FederatedJson.Default.ModelHead);
            Send(worker, begin);
            Send(worker, new Message { Kind = MessageKind.Model, Round = terms.Round, Head = head, Body = model.Whole.Value });
        }

        void Tell(SecureMessage message, IEnumerable<WorkerId> to)
        {
            foreach (var worker in to.ToList())
            {
                Send(worker, message.In(terms.Round));
            }
        }

        void Send(WorkerId worker, Message message) => sends.Send(worker, () => message, () => inbox.Source.Peers.Any(peer => peer.Worker == worker));

        async Task UntilAsync(Func<bool> isDone, double share)
        {
            while (!isDone() && context.Time.GetElapsedTime(start) < deadline * share)
            {
                context.Observer.RoundProgress(Self, terms.Round, inbox.Present.Count, attempt.WithUpdate.Count, cohort.Count);
                var item = await inbox.NextAsync((deadline * share) - context.Time.GetElapsedTime(start), cancellationToken);
                if (item is null)
                {
                    return;
                }

                plain.Note(item);
                attempt.Round.Saw(item.Worker);
                switch (item)
                {
                    case PeerJoined joined when attempt.IsOpen && attempt.Has(joined.Worker):
                        Invite(joined.Worker);
                        break;
                    case PeerJoined or PeerLeft:
                        // Its secrets are gone with the process that had them.
                        attempt.Lose(item.Worker);
                        break;
                    case MessageArrived arrived:
                        using (arrived)
                        {
                            Take(arrived);
                        }

                        break;
                }
            }
        }

        void Take(MessageArrived arrived)
        {
            try
            {
                if (arrived.Message.Kind == MessageKind.Secure)
                {
                    attempt.Take(arrived.Worker, SecureMessage.Of(arrived.Message));
                }
                else if (arrived.Message.Kind == MessageKind.Update)
                {
                    attempt.Add(arrived.Worker, arrived.Message);
                }
            }
            catch (Exception error) when (error is PayloadException or CryptographicException)
            {
                attempt.Round.Refuse(arrived.Worker, error.Message);
                attempt.Lose(arrived.Worker);
                LogRefused(context.Logger, Self, terms.Round, arrived.Worker, error.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Self} has no sum of round {Round}: {Reason}")]
    private static partial void LogFailed(ILogger logger, WorkerId self, int round, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Self} refused round {Round} of {Worker}: {Reason}")]
    private static partial void LogRefused(ILogger logger, WorkerId self, int round, WorkerId worker, string reason);

    /// <summary>What is known of one attempt at a round.</summary>
    private sealed class Attempt
    {
        private readonly string name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        private readonly Dictionary<string, byte> places;
        private readonly Dictionary<WorkerId, SecureMember> keys = [];
        private readonly Dictionary<WorkerId, Dictionary<byte, byte[]>> shares = [];
        private readonly Dictionary<WorkerId, StoredUpdate> updates = [];
        private readonly Dictionary<byte, SecureReveal> reveals = [];
        private readonly HashSet<WorkerId> lost = [];
        private readonly RoundTerms terms;
        private readonly ParameterLayout layout;
        private readonly MaskedRing ring;
        private readonly double largest;
        private readonly int threshold;
        private readonly int needed;
        private readonly ulong[] numbers;
        private SecureSum? sum;
        private string? failure;

        public Attempt(RoleContext context, SecureAggregationSpec spec, RoundTerms terms, IReadOnlyList<WorkerId> cohort, ParameterLayout layout, int quorum)
        {
            (this.terms, this.layout, largest) = (terms, layout, context.Job.Rounds.LargestValue);
            places = cohort.OrderBy(worker => worker.Value, StringComparer.Ordinal).Select((worker, index) => (worker, index)).ToDictionary(entry => entry.worker.Value, entry => (byte)(entry.index + 1), StringComparer.Ordinal);
            threshold = spec.ThresholdOf(cohort.Count);
            needed = Math.Max(threshold, quorum);
            ring = new MaskedRing(64, spec.FractionBits);
            numbers = new ulong[layout.Length];
            Round = new CollectedRound(terms, cohort, layout.Length) { Sum = new ExactSum(layout.Length, terms.Step) };
        }

        public CollectedRound Round { get; }

        /// <summary>True while members may still come.</summary>
        public bool IsOpen { get; private set; } = true;

        public IReadOnlyCollection<WorkerId> WithKeys => keys.Keys;

        public IReadOnlyCollection<WorkerId> WithShares => shares.Keys;

        public Dictionary<WorkerId, StoredUpdate>.KeyCollection WithUpdate => updates.Keys;

        public bool HasEnoughReveals => reveals.Count >= threshold;

        public bool Has(WorkerId worker) => places.ContainsKey(worker.Value);

        public bool HasKeysOf(IEnumerable<WorkerId> present) => keys.Count >= needed && present.Where(Has).All(worker => keys.ContainsKey(worker) || lost.Contains(worker));

        public bool HasSharesOf(IEnumerable<WorkerId> present) => shares.Count >= needed && Left(keys.Keys, shares.ContainsKey, present);

        public bool HasUpdatesOf(IEnumerable<WorkerId> present) => Left(shares.Keys, updates.ContainsKey, present);

        public bool CloseKeys()
        {
            IsOpen = false;
            return IsEnough(keys.Count, "gave keys");
        }

        public bool CloseShares()
        {
            sum = new SecureSum(ring, layout.Length, keys.Where(entry => shares.ContainsKey(entry.Key)).Select(entry => entry.Value), threshold, SecureSession.ContextOf(terms.Run, terms.Round, name));
            return IsEnough(shares.Count, "gave shares of their secrets");
        }

        public bool CloseUpdates() => IsEnough(updates.Count, "sent an update");

        public SecureMessage Begin() => new() { Step = SecureMessage.Begin, Attempt = name, Run = terms.Run, Threshold = threshold, Places = places };

        public SecureMessage Roster() => new() { Step = SecureMessage.Keys, Attempt = name, Members = [.. keys.Values.OrderBy(member => member.Index)] };

        public SecureMessage SharesFor(WorkerId partner)
        {
            var index = keys[partner].Index;
            return new()
            {
                Step = SecureMessage.Shares,
                Attempt = name,
                Partners = [.. shares.Keys.Select(worker => keys[worker].Index).Order()],
                Sealed = shares.Where(entry => entry.Key != partner && entry.Value.ContainsKey(index)).ToDictionary(entry => keys[entry.Key].Index, entry => entry.Value[index]),
            };
        }

        public SecureMessage Question() => new() { Step = SecureMessage.Reveal, Attempt = name, Counted = [.. sum!.Counted.Order()], Dropped = [.. sum.Dropped] }; // Shares are closed.

        /// <summary>It has left: nothing more is waited for of it, what it gave stays.</summary>
        public void Lose(WorkerId worker) => lost.Add(worker);

        /// <exception cref="PayloadException">Its step does not fit.</exception>
        public void Take(WorkerId from, SecureMessage message)
        {
            if (message.Attempt != name || !places.TryGetValue(from.Value, out var index))
            {
                return;
            }

            switch (message)
            {
                case { Step: SecureMessage.Keys, Members: [var member] } when IsOpen:
                    if (member.Index != index)
                    {
                        throw new PayloadException($"keys of member {member.Index} from member {index}");
                    }

                    lost.Remove(from);
                    keys[from] = member;
                    break;
                case { Step: SecureMessage.Shares, Sealed: { } content } when !IsOpen && sum is null && keys.ContainsKey(from):
                    if (keys.Any(entry => entry.Key != from && !content.ContainsKey(entry.Value.Index)))
                    {
                        throw new PayloadException("shares for some members are missing");
                    }

                    shares[from] = content;
                    break;
                case { Step: SecureMessage.Reveal, Revealed: { } revealed } when updates.ContainsKey(from):
                    reveals[index] = revealed;
                    break;
            }
        }

        /// <exception cref="PayloadException">It is no masked update of this attempt's length.</exception>
        public void Add(WorkerId from, Message message)
        {
            var head = FederatedJson.Read(message.Head.Span, FederatedJson.Default.UpdateHead);
            if (head.Attempt != name || sum is null || !shares.ContainsKey(from) || updates.ContainsKey(from))
            {
                return;
            }

            if (head.Samples <= 0 || head.Base != terms.Base || message.Body.Length != (long)numbers.Length * sizeof(ulong))
            {
                throw new PayloadException($"{message.Body.Length} bytes with the weight {head.Samples} are no masked update of {numbers.Length} values");
            }

            var body = message.Body.ToArray();
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(i * sizeof(ulong)));
            }

            sum.Add(keys[from].Index, numbers);
            updates[from] = new() { Member = from.Value, Round = terms.Round, Run = head.Run, Base = head.Base, Samples = head.Samples, Blob = string.Empty };
        }

        /// <summary>Unmasks the sum and counts its members; nobody where that cannot be done.</summary>
        public CollectedRound Finish(out string? why)
        {
            try
            {
                if (failure is null && !HasEnoughReveals)
                {
                    failure = $"{reveals.Count} of {threshold} members stayed to unmask the sum";
                }

                if (failure is null)
                {
                    Count(sum!.Finish(reveals)); // Closed without a failure.
                }
            }
            catch (Exception error) when (error is PayloadException or CryptographicException or ArgumentException)
            {
                failure = error.Message;
            }

            why = failure;
            return Round;
        }

        private void Count(double[] total)
        {
            var weight = updates.Values.Sum(update => update.Samples);
            var mean = new float[total.Length];
            for (var i = 0; i < total.Length; i++)
            {
                mean[i] = (float)(total[i] / weight);
            }

            if (!(ParameterMath.LargestMagnitude(mean) <= largest) || Round.Sum!.Add(weight, mean) != SumRefusal.None)
            {
                failure = $"the sum is out of range: a member sent no update, or one beyond rounds.largestValue ({largest})";
                return;
            }

            foreach (var (worker, update) in updates)
            {
                Round.Count(worker, update, (long)numbers.Length * sizeof(ulong));
            }
        }

        private bool Left(IEnumerable<WorkerId> asked, Func<WorkerId, bool> has, IEnumerable<WorkerId> present)
        {
            var here = present.ToHashSet();
            return asked.All(worker => has(worker) || lost.Contains(worker) || !here.Contains(worker));
        }

        private bool IsEnough(int count, string did)
        {
            failure = count >= needed ? null : $"{count} of {needed} members {did}";
            return failure is null;
        }
    }
}
