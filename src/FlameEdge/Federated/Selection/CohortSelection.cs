using System.Security.Cryptography;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Selection;

/// <summary>Chooses who below an aggregator takes part in each round, by what former rounds have shown. The draw depends on the job's seed, the aggregator and the number of the choice.</summary>
internal sealed class CohortSelection
{
    public const string Collection = "selection";
    private readonly RoleContext context;
    private readonly SelectorSpec spec;
    private readonly ISelector selector;
    private SelectionState? state;

    private CohortSelection(RoleContext context, SelectorSpec spec)
    {
        (this.context, this.spec) = (context, spec);

        // The job's seed is known to all, and privacy by sampling rests on nobody knowing who was drawn.
        var seed = IsPoisson ? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) : Seeds.Derive(context.Job.Seed, context.Worker.Id.Value, 0);
        selector = Algorithms.Selector(spec, seed, context.Job.Rounds.Deadline);
    }

    private bool IsPoisson => spec.Kind == SelectorSpec.Poisson;

    private OortSelector? Oort => selector as OortSelector;

    /// <summary>The one a channel asks for; null where everybody takes part.</summary>
    public static CohortSelection? For(RoleContext context, IChannel channel) =>
        context.Job.Graph.Channels.First(spec => spec.Name == channel.Endpoint.Channel).Selector is { Kind: not SelectorSpec.All } spec ? new(context, spec) : null;

    /// <summary>Workers of so many that must be there to begin with.</summary>
    public int NeededOf(int cohort) => context.Job.Rounds.QuorumOf(spec.Kind == SelectorSpec.Budget ? 1 : IsPoisson ? cohort : Math.Min(spec.Count, cohort));

    /// <summary>The choice of a round; the same one again where it was made before a crash.</summary>
    /// <param name="terms">The round.</param>
    /// <param name="cohort">Everybody who may be chosen.</param>
    /// <param name="presentAsync">Waits for enough of them, and says who is there.</param>
    /// <param name="samples">What they announced.</param>
    /// <param name="modelBytes">Of the model as it goes down: the guess for who has not been measured.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="JobFailedException">The budget pays for nobody.</exception>
    public async Task<Choice> ChooseAsync(RoundTerms terms, IReadOnlyList<WorkerId> cohort, Func<Task<IEnumerable<WorkerId>>> presentAsync, IReadOnlyDictionary<string, long> samples, long modelBytes, CancellationToken cancellationToken)
    {
        if (context.Replay?.Round(terms.Round) is { } script)
        {
            var idle = script.Verdicts.Where(verdict => verdict.Verdict == Verdict.NotSelected).Select(verdict => verdict.Worker).ToHashSet(StringComparer.Ordinal);
            List<WorkerId> former = [.. cohort.Where(worker => !idle.Contains(worker.Value))];
            return new(former, former.Count, context.Time) { IsFinal = IsPoisson };
        }

        var known = await LoadAsync(terms.Run, cancellationToken);
        if (known.Number > 0 && known.Round == terms.Round && known.Ticket == terms.Ticket)
        {
            return new([.. known.Chosen.Select(name => new WorkerId(name))], known.Goal, context.Time) { IsFinal = IsPoisson };
        }

        var number = known.Number + 1;
        var there = (await presentAsync()).ToHashSet();
        List<Candidate> candidates = [.. cohort.Where(there.Contains).Select(worker => CandidateOf(worker, known, samples, modelBytes))];
        if (IsPoisson && candidates.Count < NeededOf(cohort.Count))
        {
            // Decided before anybody is drawn, so that it tells nothing of the draw.
            return new([], 1, context.Time);
        }

        var chosen = selector.Select(number, candidates);
        if (chosen.Count == 0 && candidates.Count > 0 && !IsPoisson)
        {
            throw new JobFailedException($"{context.Worker.Id} chose nobody for round {terms.Round}: the selector's {spec.Bytes} bytes pay for none of its workers, the cheapest of which takes {candidates.Min(candidate => candidate.Cost):0}. Raise bytes of the selector and go on with --resume.");
        }

        state = known with
        {
            Round = terms.Round,
            Ticket = terms.Ticket,
            Number = number,
            Chosen = [.. chosen.Select(candidate => candidate.Worker.Value)],
            Goal = IsPoisson ? chosen.Count : spec.Kind == SelectorSpec.Budget ? Math.Max(1, chosen.Count) : Math.Min(spec.Count, cohort.Count),
            IsLearned = false,
            Known = cohort.Where(worker => known.Known.ContainsKey(worker.Value)).ToDictionary(worker => worker.Value, worker => known.Known[worker.Value], StringComparer.Ordinal),
        };
        await context.State.CommitAsync([Change(state)], cancellationToken);
        CrashPoint.Reach("selection-kept");
        return new([.. chosen.Select(candidate => candidate.Worker)], state.Goal, context.Time) { IsFinal = IsPoisson };
    }

    /// <summary>What a round showed, as a change to be committed with what the round came to. Telling the same round twice changes nothing.</summary>
    public IEnumerable<StateChange> Learn(CollectedRound round)
    {
        if (round.Choice is not { } choice || state is null || state.Round != round.Terms.Round || state.Ticket != round.Terms.Ticket)
        {
            return [];
        }

        if (!state.IsLearned)
        {
            var known = state.Known.ToDictionary(StringComparer.Ordinal);
            foreach (var worker in choice.Chosen)
            {
                known[worker.Value] = After(known.GetValueOrDefault(worker.Value) ?? new(), round.UpdateOf(worker), choice.SinceSent(worker));
            }

            Oort?.Complete(round.Counted.Sum(update => OortSelector.StatisticalUtility(update.Samples, SquaredLossOf(update) ?? 0)));
            state = state with { Known = known, IsLearned = true, PreferredSeconds = Oort?.PreferredDuration.TotalSeconds, Achieved = Oort is null ? null : [.. Oort.Achieved.TakeLast(2 * spec.PacerWindow)] };
        }

        return [Change(state)];
    }

    private async Task<SelectionState> LoadAsync(string run, CancellationToken cancellationToken)
    {
        if (state is null && await context.State.ReadAsync(Collection, context.Worker.Id.Value, cancellationToken) is { } json)
        {
            state = FederatedJson.Read(json, FederatedJson.Default.SelectionState);
            if (state is { PreferredSeconds: { } seconds, Achieved: { } achieved } && state.Run == run)
            {
                Oort?.Restore(TimeSpan.FromSeconds(seconds), achieved);
            }
        }

        return state?.Run == run ? state : new() { Run = run };
    }

    private KnownWorker After(KnownWorker before, StoredUpdate? update, TimeSpan sinceSent) => update is null

        // Whoever was not counted would have taken at least so long.
        ? before with { TimesSelected = before.TimesSelected + 1, LastRound = state!.Number, Seconds = Math.Max(before.Seconds ?? 0, sinceSent.TotalSeconds) }
        : before with
        {
            TimesSelected = before.TimesSelected + 1,
            LastRound = state!.Number,
            Loss = update.Loss ?? before.Loss,
            SquaredLoss = SquaredLossOf(update) ?? before.SquaredLoss,
            Seconds = update.Effort?.Seconds ?? before.Seconds,
            Bytes = update.Effort?.Bytes ?? before.Bytes,
        };

    // The square of the mean is the least the mean of the squares can be.
    private static double? SquaredLossOf(StoredUpdate update) => update.SquaredLoss ?? update.Loss * update.Loss;

    private static Candidate CandidateOf(WorkerId worker, SelectionState known, IReadOnlyDictionary<string, long> samples, long modelBytes)
    {
        var own = known.Known.GetValueOrDefault(worker.Value) ?? new();
        return new()
        {
            Worker = worker,
            Samples = Math.Max(1, samples.GetValueOrDefault(worker.Value, 1)),
            Loss = own.Loss,
            MeanSquareLoss = own.SquaredLoss,
            Duration = own.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            LastRound = own.LastRound,
            TimesSelected = own.TimesSelected,
            Cost = own.Bytes ?? (2.0 * modelBytes),
        };
    }

    private StateChange Change(SelectionState next) => new(Collection, context.Worker.Id.Value, FederatedJson.Write(next, FederatedJson.Default.SelectionState), IsManifest: true);
}
