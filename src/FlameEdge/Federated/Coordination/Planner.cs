using System.Globalization;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>Workers that can be with each other: aggregators in the middle and trainers of one group of their channel.</summary>
/// <param name="Aggregators">All of them.</param>
/// <param name="Trainers">All of them.</param>
internal sealed record PlannedGroup(IReadOnlyList<WorkerId> Aggregators, IReadOnlyList<WorkerId> Trainers);

/// <summary>
/// Decides which trainer works with which aggregator, from what former rounds took. Pure: the same state, measurements and presence give the same plan.
/// </summary>
internal sealed class Planner(CoordinationSettings settings)
{
    // The newest measurement counts half: what changes is seen within a few rounds, one slow round is not the truth.
    private const double Newest = 0.5;

    // Below this nobody is called slow: schedulers and timers are not exact.
    private const double LeastGap = 0.1;
    private const double LeastPace = 1e-3;

    // Moving trainers costs their next aggregator a model it has not sent yet; it must be worth it.
    private const double WorthMoving = 0.9;
    private const int FewAreAQuarter = 4;

    /// <summary>Takes in what a round took. Aggregators that were far slower than the others, or not counted, are left out for a while.</summary>
    /// <param name="state">As the round's plan left it.</param>
    /// <param name="seconds">By aggregator, as the top saw it; null where it was not counted.</param>
    /// <param name="measured">By aggregator, as it told.</param>
    /// <param name="waiting">By aggregator of an asynchronous job: seconds for which it has had a model and not answered.</param>
    public CoordinatorState Learn(CoordinatorState state, IReadOnlyDictionary<string, double?> seconds, IReadOnlyDictionary<string, CoordinationMessage> measured, IReadOnlyDictionary<string, double>? waiting = null)
    {
        var trainers = state.Trainers.ToDictionary(StringComparer.Ordinal);
        var aggregators = state.Aggregators.ToDictionary(StringComparer.Ordinal);
        var took = new Dictionary<string, (double Seconds, double Pace)>(StringComparer.Ordinal);
        foreach (var (name, members) in state.Assignment)
        {
            if (seconds.GetValueOrDefault(name) is { } whole and >= 0 && double.IsFinite(whole))
            {
                var report = measured.GetValueOrDefault(name) is { } told && told.Run == state.Run && told.Number == state.Plan ? told : null;
                took[name] = (whole, PaceOf(name, members, whole, report, trainers));
            }
        }

        // Who was not measured this time stands beside the others as it was last.
        var latest = state.Assignment.Keys.Select(name => (Name: name, Last: took.TryGetValue(name, out var now) ? now
            : state.Aggregators.GetValueOrDefault(name) is { Seconds: { } last, Pace: { } pace } ? (last, pace) : ((double Seconds, double Pace)?)null)).Where(entry => entry.Last is not null).ToList();
        foreach (var name in state.Assignment.Keys.Where(name => !(aggregators.GetValueOrDefault(name)?.From > state.Round)))
        {
            var known = aggregators.GetValueOrDefault(name) ?? new();
            List<(double Seconds, double Pace)> others = [.. latest.Where(other => other.Name != name).Select(other => other.Last!.Value)]; // Not null: just asked.
            if (took.TryGetValue(name, out var own))
            {
                aggregators[name] = After(known, own, others, state.Round);
            }
            else if (seconds.ContainsKey(name))
            {
                aggregators[name] = LeftOut(known, state.Round, "its update was not counted");
            }
            else if (waiting?.TryGetValue(name, out var silent) == true && IsSilent(silent, others))
            {
                aggregators[name] = LeftOut(known, state.Round, string.Create(CultureInfo.InvariantCulture, $"it has not answered for {silent:0.0##} s"));
            }
        }

        return state with { Trainers = trainers, Aggregators = aggregators };
    }

    /// <summary>The plan for a round. The former one stays where it is about as good.</summary>
    public CoordinatorState Decide(CoordinatorState state, int round, IReadOnlyList<PlannedGroup> groups, IReadOnlySet<WorkerId> present)
    {
        if (state.Assignment.Count > 0 && round >= state.Decided && round - state.Decided < settings.Every && state.Assignment.Keys.All(Stays))
        {
            return state with { Round = round };
        }

        bool Stays(string name) => present.Contains(new WorkerId(name)) && !(state.Aggregators.GetValueOrDefault(name)?.From > round);

        var aggregators = state.Aggregators.ToDictionary(StringComparer.Ordinal);
        var assignment = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var group in groups)
        {
            foreach (var (name, members) in Assign(state, group, round, present, aggregators).Where(entry => entry.Value.Count > 0))
            {
                assignment[name.Value] = [.. members.Select(member => member.Value).Order(StringComparer.Ordinal)];
            }
        }

        var isSame = assignment.Count == state.Assignment.Count
            && assignment.All(entry => state.Assignment.TryGetValue(entry.Key, out var former) && former.SequenceEqual(entry.Value, StringComparer.Ordinal));
        return state with { Round = round, Decided = round, Plan = isSame ? state.Plan : state.Plan + 1, Assignment = assignment, Aggregators = aggregators };
    }

    private static double PaceOf(string name, List<string> members, double whole, CoordinationMessage? report, Dictionary<string, KnownTrainer> trainers)
    {
        var own = members.ToHashSet(StringComparer.Ordinal);
        List<MeasuredUpdate> updates = [.. (report?.Updates ?? []).OfType<MeasuredUpdate>().Where(update => own.Contains(update.Worker) && double.IsFinite(update.Seconds) && update.Seconds >= 0)];
        var usual = Median([.. updates.Select(Way)]);
        foreach (var update in updates)
        {
            var known = trainers.GetValueOrDefault(update.Worker);

            // A way that is long for all is the aggregator's; who alone has a long one has it anywhere, or is far from this one.
            var excess = updates.Count > 1 && Way(update) > 2 * usual ? Way(update) - usual : 0;
            trainers[update.Worker] = new()
            {
                Trained = Mean(known?.Trained, Trained(update)),
                Bytes = Math.Max(0, update.Bytes),
                BytesPerSecond = Math.Max(0, update.Bytes) / Math.Max(Way(update), 1e-6),
                Excess = (known?.Excess ?? new Dictionary<string, double>(StringComparer.Ordinal)).Where(entry => entry.Key != name).Append(new(name, Mean(known?.Excess.TryGetValue(name, out var former) == true ? former : null, excess))).ToDictionary(StringComparer.Ordinal),
            };
        }

        // What is left when the slowest of its trainers is taken away is the aggregator's own share: its links, its disk, its processor.
        var longest = members.Select(member => trainers.GetValueOrDefault(member)?.ReadyAt(name) ?? 0).DefaultIfEmpty().Max();
        var busy = report is { Busy: >= 0 } && double.IsFinite(report.Busy) ? Math.Min(report.Busy, whole) : 0;
        return Math.Max(LeastPace, Math.Max(whole - longest, busy) / Math.Max(1, report is null ? members.Count : updates.Count));
    }

    private static double Trained(MeasuredUpdate update) => double.IsFinite(update.Trained) ? Math.Clamp(update.Trained, 0, update.Seconds) : 0;

    private static double Way(MeasuredUpdate update) => update.Seconds - Trained(update);

    private static double Mean(double? former, double newest) => former is { } before ? before + (Newest * (newest - before)) : newest;

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count == 0 ? 0 : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    // A group may also be slow by its trainers, who would take that along wherever they go: the aggregator's own share must be large too.
    private KnownAggregator After(KnownAggregator known, (double Seconds, double Pace) own, List<(double Seconds, double Pace)> others, int round)
    {
        var (usual, pace) = (Median([.. others.Select(other => other.Seconds)]), Median([.. others.Select(other => other.Pace)]));
        var measured = known with { Seconds = own.Seconds, Pace = known.Strikes > 0 ? own.Pace : Mean(known.Pace, own.Pace) };
        return others.Count > 0 && own.Seconds > settings.StragglerFactor * usual && own.Seconds - usual > LeastGap && own.Pace > settings.StragglerFactor * pace
            ? LeftOut(measured, round, string.Create(CultureInfo.InvariantCulture, $"its group took {own.Seconds:0.0##} s, the others' median is {usual:0.0##} s"))
            : measured with { Strikes = 0, From = 0 };
    }

    // How much of that its trainers take is not known before it answers: twice the factor.
    private bool IsSilent(double seconds, List<(double Seconds, double Pace)> others) =>
        others.Count > 0 && Median([.. others.Select(other => other.Seconds)]) is var usual && seconds > 2 * settings.StragglerFactor * usual && seconds - usual > LeastGap;

    private KnownAggregator LeftOut(KnownAggregator known, int round, string why)
    {
        var rounds = (int)Math.Min(settings.LongestBackOff, Math.Pow(2, known.Strikes)) * settings.Every;
        return known with { Strikes = Math.Min(known.Strikes + 1, 30), From = round + rounds + 1, Why = $"left out of {rounds} round{(rounds == 1 ? string.Empty : "s")} after round {round}: {why}" };
    }

    private Dictionary<WorkerId, List<WorkerId>> Assign(CoordinatorState state, PlannedGroup group, int round, IReadOnlySet<WorkerId> present, Dictionary<string, KnownAggregator> known)
    {
        List<WorkerId> there = [.. group.Aggregators.Where(present.Contains)];
        foreach (var absent in group.Aggregators.Except(there))
        {
            known[absent.Value] = Of(absent) with { Why = "it is not there" };
        }

        var (regular, trial) = Parts(there.Count > 0 ? there : group.Aggregators);
        List<WorkerId> trainers = [.. group.Trainers.Where(present.Contains)];
        var pace = regular.Concat(trial).Select(name => Of(name).Pace).OfType<double>().DefaultIfEmpty(1).Average();
        var bytes = group.Trainers.Select(name => state.Trainers.GetValueOrDefault(name.Value)?.Bytes ?? 0).Where(value => value > 0).DefaultIfEmpty(1).Average();
        var guests = trainers.ToDictionary(name => name, GuestOf);
        var tried = Tried();
        List<Guest> rest = [.. trainers.Except(tried.Values.SelectMany(few => few)).Select(name => guests[name])];
        List<Host> hosts = [.. regular.Select(HostOf)];
        var chosen = Kept() ?? Balance.Assign(rest, hosts);
        var assignment = chosen.Concat(tried).ToDictionary(entry => entry.Key, entry => entry.Value.ToList());

        // Whoever is away has a place all the same, for it may come back within the round.
        foreach (var away in group.Trainers.Except(trainers))
        {
            assignment.MinBy(entry => (entry.Value.Count, entry.Key.Value)).Value.Add(away);
        }

        foreach (var host in hosts)
        {
            var end = Balance.EndOf(host, chosen[host.Worker].Select(name => guests[name]));
            known[host.Worker.Value] = Of(host.Worker) with { Why = string.Create(CultureInfo.InvariantCulture, $"{host.Pace:0.###} s for an update; expected to be done after {end:0.0##} s") };
        }

        foreach (var (name, few) in tried)
        {
            known[name.Value] = Of(name) with { Why = $"tried again with {few.Count} of {trainers.Count} trainers" };
        }

        return assignment;

        KnownAggregator Of(WorkerId name) => known.GetValueOrDefault(name.Value) ?? new();

        Host HostOf(WorkerId name) => new(name, Of(name).Pace ?? pace);

        Guest GuestOf(WorkerId name) => state.Trainers.GetValueOrDefault(name.Value) is { } trainer
            ? new(name, trainer.Bytes > 0 ? trainer.Bytes / bytes : 1, host => trainer.ReadyAt(host.Value))
            : new(name, 1, static _ => 0);

        // Somebody must be there: where all are left out, those whose time is nearest come back.
        (List<WorkerId> Regular, List<WorkerId> Trial) Parts(IReadOnlyList<WorkerId> there)
        {
            List<WorkerId> usual = [.. there.Where(name => Of(name).Strikes == 0)];
            List<WorkerId> back = [.. there.Where(name => Of(name) is { Strikes: > 0 } one && one.From <= round)];
            return usual.Count > 0 ? (usual, back) : back.Count > 0 ? (back, []) : ([there.MinBy(name => (Of(name).From, name.Value))], []);
        }

        // Few, and those that are ready first, so that one more slow round of the aggregator costs least.
        Dictionary<WorkerId, List<WorkerId>> Tried()
        {
            var few = Math.Max(1, trainers.Count / (FewAreAQuarter * Math.Max(1, group.Aggregators.Count)));
            var quick = new Queue<WorkerId>(trainers.OrderBy(name => state.Trainers.GetValueOrDefault(name.Value)?.ReadyAt(string.Empty) ?? 0).ThenBy(name => name.Value, StringComparer.Ordinal));
            return trial.Where(_ => quick.Count > few).ToDictionary(name => name, _ => Enumerable.Range(0, few).Select(_ => quick.Dequeue()).ToList());
        }

        // The former places of the same workers, unless others would be done clearly sooner.
        IReadOnlyDictionary<WorkerId, List<WorkerId>>? Kept()
        {
            var former = hosts.ToDictionary(host => host.Worker, host => (state.Assignment.GetValueOrDefault(host.Worker.Value) ?? []).Select(name => new WorkerId(name)).Where(guests.ContainsKey).ToList());
            if (tried.Count > 0 || former.Values.Sum(members => members.Count) != rest.Count || former.Values.SelectMany(members => members).Distinct().Count() != rest.Count)
            {
                return null;
            }

            return EndOf(Balance.Assign(rest, hosts)) < WorthMoving * EndOf(former) ? null : former;
        }

        double EndOf(IReadOnlyDictionary<WorkerId, List<WorkerId>> members) => hosts.Max(host => Balance.EndOf(host, members[host.Worker].Select(name => guests[name])));
    }
}
