using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Sampling;

/// <summary>FedBalancer's control of the clients below one aggregator: the threshold and the deadline of each round, by what the rounds before have shown.</summary>
internal sealed class CohortSampling
{
    public const string Collection = "sampling";
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private readonly RoleContext context;
    private readonly FedBalancerSettings settings;
    private readonly Dictionary<WorkerId, long> sent = [];
    private FedBalancerControl control;
    private SamplingState? state;
    private long start;

    private CohortSampling(RoleContext context, FedBalancerSettings settings)
    {
        (this.context, this.settings) = (context, settings);
        control = new FedBalancerControl(settings);
    }

    /// <summary>The one of a job that asks for it, where the workers below are its clients: their aggregator alone sees their losses and their speeds.</summary>
    /// <exception cref="TopologyException">The run is to be replayed.</exception>
    public static CohortSampling? For(RoleContext context, IChannel channel)
    {
        var lower = context.Job.Graph.Roles.First(role => role.Name == channel.Endpoint.OtherRole);
        return context.Job.Sampler is not { } spec || !lower.IsDataConsumer ? null
            : context.Replay is null ? new(context, Algorithms.Sampler(spec, context.Job.TrainingOf(lower.Name)))
            : throw new TopologyException("a job with a sampler cannot be replayed: which rows a client learned from depended on how long it took");
    }

    /// <summary>Begins a round.</summary>
    public void Begin()
    {
        sent.Clear();
        start = context.Time.GetTimestamp();
    }

    /// <summary>A round's terms with its pace, for the clients that take part.</summary>
    public async Task<RoundTerms> PaceAsync(RoundTerms terms, IEnumerable<WorkerId> clients, CancellationToken cancellationToken)
    {
        var known = await LoadAsync(terms.Run, cancellationToken);
        List<ClientSpeed> speeds = [.. clients.Select(worker => known.Speeds.GetValueOrDefault(worker.Value)).OfType<ClientSpeed>()];
        return terms with { Pace = new(control.LossThreshold, speeds.Count == 0 ? null : DeadlineOf(speeds)) };
    }

    /// <summary>The model is on its way to a worker; the first time counts.</summary>
    public void Sent(WorkerId worker) => sent.TryAdd(worker, context.Time.GetTimestamp());

    /// <summary>Time since then; since the round's beginning for one that had the model with all the others, or before a restart.</summary>
    public TimeSpan SinceSent(WorkerId worker) => context.Time.GetElapsedTime(sent.GetValueOrDefault(worker, start));

    /// <summary>What a round showed, as a change to be committed with what the round came to. Telling the same round twice changes nothing.</summary>
    public IEnumerable<StateChange> Learn(CollectedRound round)
    {
        var terms = round.Terms;
        if (state?.Run != terms.Run)
        {
            return [];
        }

        if (state.Round != terms.Round || state.Ticket != terms.Ticket)
        {
            Take(round, state);
        }

        return [new(Collection, context.Worker.Id.Value, FederatedJson.Write(state, FederatedJson.Default.SamplingState), IsManifest: true)];
    }

    private void Take(CollectedRound round, SamplingState former)
    {
        // Always in the same order, so that whoever came first changes no digit.
        List<StoredUpdate> told = [.. round.Counted.Where(update => update is { Sampled: not null, Effort: not null }).OrderBy(update => update.Member, StringComparer.Ordinal)];
        var speeds = former.Speeds.Where(known => round.Cohort.Any(worker => worker.Value == known.Key)).ToDictionary(StringComparer.Ordinal);
        foreach (var update in told)
        {
            speeds[update.Member] = SpeedOf(update.Effort!);
        }

        if (told.Count > 0)
        {
            // The first round had no deadline, for nobody's speed was known: it is judged by the one its own speeds give.
            control.Complete([.. told.Select(update => update.Sampled!)], round.Terms.Pace?.Deadline ?? DeadlineOf([.. told.Select(update => speeds[update.Member])]));
        }

        state = former with { Round = round.Terms.Round, Ticket = round.Terms.Ticket, Control = control.State, Speeds = speeds };
    }

    // What was not spent on training the model and the update were on their way.
    private ClientSpeed SpeedOf(Selection.Effort effort) => new(effort.OnTheWay, (effort.Seconds - effort.OnTheWay) / settings.Epochs);

    private TimeSpan DeadlineOf(List<ClientSpeed> speeds)
    {
        var deadline = control.Deadline([.. speeds.Select(speed => (Shortest + TimeSpan.FromSeconds(speed.Transfer), TimeSpan.FromSeconds(speed.Epoch)))]);
        return deadline < context.Job.Rounds.Deadline ? deadline : context.Job.Rounds.Deadline;
    }

    private async Task<SamplingState> LoadAsync(string run, CancellationToken cancellationToken)
    {
        if (state?.Run == run)
        {
            return state;
        }

        var kept = await context.State.ReadAsync(Collection, context.Worker.Id.Value, cancellationToken) is { } json ? FederatedJson.Read(json, FederatedJson.Default.SamplingState) : null;
        state = kept?.Run == run ? kept : new() { Run = run };
        control = new FedBalancerControl(settings, state.Control);
        return state;
    }
}
