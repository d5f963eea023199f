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

        var attempt = new SecureAttempt(context, spec, terms, cohort, layout, context.Job.Rounds.QuorumOf(cohort.Count));
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
}
