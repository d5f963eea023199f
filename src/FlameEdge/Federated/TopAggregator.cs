using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// The top of a job: collects a round's updates, makes the next model of them as the job's optimizer says, scores it, and keeps a checkpoint after each round.
/// Steps: <c>initialize &gt;&gt; gather &gt;&gt; (aggregate &gt;&gt; evaluate &gt;&gt; commit)* &gt;&gt; finish</c>. What a round is, its kinds say.
/// </summary>
public abstract class TopAggregator : IRole
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly Checkpoints checkpoints;
    private readonly List<RoundResult> rounds = [];
    private readonly RoleContext context;
    private readonly PrivacyBudget? budget;
    private IChannel? channel;
    private ChannelInbox? inbox;
    private ModelWriter? writer;
    private ServerStep? step;
    private ITrainer? trainer;
    private Dataset? evaluation;
    private ParameterSet? model;
    private ParameterSet? former;
    private IReadOnlyList<WorkerId> cohort = [];
    private string run = string.Empty;
    private int failures;
    private CollectedRound? collected;
    private bool isValid;
    private RoundResult? result;
    private string modelHash = string.Empty;
    private Task committing = Task.CompletedTask;

    private protected TopAggregator(RoleContext context) => (this.context, checkpoints, budget) = (context, new Checkpoints(context.State, context.Worker.Id), context.Job.Privacy is { } privacy ? new PrivacyBudget(privacy, PrivacyBudget.SamplingRateOf(context.Job) ?? 1) : null);

    private protected RoleContext Context => context;

    private protected ServerStep Server => step!;

    private RoundSpec Rounds => context.Job.Rounds;

    private bool IsOver => rounds.Count >= Rounds.Count || IsGivenUp || budget?.IsSpent(rounds) == true;

    // What is scored and handed out at the end; behind it may be what travels with it.
    private Span<float> Model => model!.Values[..trainer!.Layout.Length];

    private bool IsGivenUp => failures >= Rounds.MaxFailures;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> new Tasklet("gather", GatherAsync)
        >> Loop.Until(() => IsOver, new Tasklet("aggregate", AggregateAsync) >> new Tasklet("evaluate", EvaluateAsync) >> new Tasklet("commit", CommitAsync))
        >> new Tasklet("finish", FinishAsync);

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await committing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // A fault has been told where it was waited for.
        if (inbox is not null)
        {
            await inbox.DisposeAsync();
        }

        trainer?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens what collects; afterwards <see cref="Samples"/> and <see cref="Cohort"/> hold.</summary>
    private protected abstract void Open(ChannelInbox inbox, CancellationToken cancellationToken);

    /// <summary>Who should take part, as of now.</summary>
    private protected abstract IReadOnlyList<WorkerId> Cohort { get; }

    /// <summary>Samples the members announced, part of a checkpoint.</summary>
    private protected abstract Dictionary<string, long> Samples { get; }

    /// <summary>The last update of each worker that was counted, part of a checkpoint; null where a round's number tells.</summary>
    private protected virtual Dictionary<string, long>? Taken => null;

    /// <summary>Tells a coordinator that the job is over.</summary>
    private protected virtual Task EndCoordinationAsync(Message end, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Waits for those it cannot begin without.</summary>
    private protected abstract Task WaitForCohortAsync(CancellationToken cancellationToken);

    /// <summary>A round that ended before this process began.</summary>
    private protected virtual void Know(RoundResult round)
    {
        // Most kinds look ahead only.
    }

    /// <summary>Collects a round, and says whether it suffices for the next model.</summary>
    private protected abstract Task<(CollectedRound Collected, bool IsEnough)> CollectAsync(RoundTerms terms, OutgoingModel model, ParameterLayout layout, Task committed, CancellationToken cancellationToken);

    /// <summary>True where no model of a round is still on its way when the round is over.</summary>
    private protected virtual bool EndsSends => true;

    /// <summary>Makes the next model of what was collected.</summary>
    private protected abstract Task StepAsync(CollectedRound collected, ParameterSet model, ParameterSet next, CancellationToken cancellationToken);

    /// <summary>The fixed point of a round's sum.</summary>
    private protected abstract SumStep StepOf(int round);

    /// <summary>The changes that forget what a round was made of.</summary>
    private protected abstract IEnumerable<State.StateChange> Forget(CollectedRound collected, bool isEnough);

    /// <summary>Why rounds in a row came to nothing, for whoever reads the job's end.</summary>
    private protected abstract string Shortage { get; }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        if (budget?.LargestReleases == 0)
        {
            throw new TopologyException($"privacy: not one round fits into epsilon {context.Job.Privacy!.Epsilon}, for the first spends {budget.EpsilonOf(1):0.###}; raise noise or epsilon");
        }

        trainer = await OpenModelAsync(cancellationToken);
        channel = context.ChannelOf(FunctionTags.Distribute);
        inbox = new ChannelInbox(channel, context.Time);
        writer = new ModelWriter(context.DownCodecOf(channel));
        step = new ServerStep(context.Job, trainer.Layout);
        Open(inbox, cancellationToken);
        cohort = Cohort;

        if (await checkpoints.LoadAsync(step.Kept, step.Travel, cancellationToken) is { } stored)
        {
            (run, model, failures) = (stored.Checkpoint.Run, step.Resume(stored.Model), stored.Checkpoint.Failures);
            modelHash = model.ContentHash();
            rounds.AddRange(stored.Rounds);
            if (stored.Held is { } held)
            {
                writer.Resume(held);
            }

            if (IsGivenUp && rounds.Count < Rounds.Count)
            {
                // Who resumes a job that was given up has repaired something: it deserves as many attempts as a new one.
                failures = 0;
            }

            foreach (var (worker, samples) in stored.Checkpoint.Samples)
            {
                Samples[worker] = samples;
            }

            foreach (var (worker, order) in stored.Checkpoint.Taken ?? [])
            {
                Taken?.Add(worker, order);
            }

            rounds.ForEach(Know);

            context.Observer.Say(context.Worker.Id, $"resuming after round {rounds.Count} of {Rounds.Count}");
            return;
        }

        run = Guid.NewGuid().ToString("n");
        model = new ParameterSet(step.Travel);
        trainer.Initialize(context.Job.Seed);
        trainer.Save(Model);
        modelHash = model.ContentHash();
        await SaveAsync(null, [], cancellationToken);
    }

    private async Task<ITrainer> OpenModelAsync(CancellationToken cancellationToken)
    {
        var spec = context.Job.Model ?? throw new TopologyException($"job '{context.Job.Name}' names no model: add a section 'model', such as: model: {{ kind: softmax }}");
        if (context.Job.Evaluation is { } dataset)
        {
            evaluation = await context.LoadAsync(dataset, cancellationToken);
        }

        var shape = spec.Input ?? evaluation?.SampleShape;
        var classes = spec.Classes ?? evaluation?.ClassCount;
        return shape is not null && classes is not null
            ? context.Engine.Open(spec, shape, classes.Value, context.Training)
            : throw new TopologyException($"{context.Worker.Id} cannot know the model's shape: name an 'evaluation' dataset, or give model.input and model.classes");
    }

    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        await channel!.JoinAsync(new PeerCard(0), cancellationToken);
        if (!IsOver)
        {
            await WaitForCohortAsync(cancellationToken);
        }
    }

    private async Task AggregateAsync(CancellationToken cancellationToken)
    {
        var number = rounds.Count + 1;
        cohort = Cohort;
        var start = context.Time.GetTimestamp();
        var before = (channel as IMeteredChannel)?.Traffic ?? default;
        if (writer!.Held is not null || budget is not null)
        {
            // The checkpoint has it too, and it is about to change. Or its noise is drawn: a crash must not send a second model of the same updates after it.
            await committing;
        }

        var outgoing = writer.Next(model!, modelHash) with { Until = committing };
        var terms = new RoundTerms(run, number, outgoing.Base, StepOf(number));
        var script = context.Replay?.Round(number);
        if (context.Replay is not null && script is null)
        {
            throw new TopologyException($"the result to replay has no round {number}: set rounds.count to at most {number - 1}");
        }

        (collected, isValid) = await CollectAsync(terms, outgoing, model!.Layout, committing, cancellationToken);
        await committing;
        cohort = collected.Cohort;
        if (isValid)
        {
            // Not in place where the model of this round may itself still be on its way to somebody. The one before it is on nobody's, if sends end with their round.
            var next = outgoing.IsView ? former ?? new ParameterSet(model.Layout) : model;
            await StepAsync(collected, model, next, cancellationToken);
            (former, model) = (outgoing.IsView && EndsSends ? model : null, next);
        }

        failures = isValid ? 0 : failures + 1;
        modelHash = model.ContentHash();
        var after = (channel as IMeteredChannel)?.Traffic ?? default;
        result = new RoundResult
        {
            Round = number,
            Outcome = isValid ? RoundOutcome.Completed : RoundOutcome.NoQuorum,
            TrainingLoss = collected.TrainingLoss,
            Norm = ParameterMath.Norm(Model),
            Epsilon = SpentWith(isValid),
            Samples = collected.Samples,
            Seconds = context.Time.GetElapsedTime(start).TotalSeconds,
            BytesUp = after.Received - before.Received,
            BytesDown = after.Sent - before.Sent,
            UpdateBytes = collected.UpdateBytes,
            ModelBytes = collected.ModelBytes,
            Base = terms.Base,
            Model = modelHash,
            StepExponent = terms.Step.Exponent,
            WeightLimit = terms.Step.WeightLimit,
            Verdicts = script is { Outcome: RoundOutcome.NoQuorum } ? script.Verdicts : WithUnheard(collected.Verdicts(inbox!.Present.Keys.ToHashSet(), Rounds.Deadline)),
        };
    }

    private double? SpentWith(bool isReleased) =>
        budget?.EpsilonOf(budget.ReleasesOf(rounds) + (isReleased || context.Job.Privacy?.Kind == PrivacySpec.Client ? 1 : 0));

    // Workers below an aggregator that was not counted have a verdict too.
    private IReadOnlyList<WorkerVerdict> WithUnheard(List<WorkerVerdict> heard)
    {
        var names = heard.Select(verdict => verdict.Worker).ToHashSet(StringComparer.Ordinal);
        var plan = context.LatestPlan?.Invoke() ?? context.Plan;
        var experiment = plan.Experiment(plan.Find(context.Worker.Id) ?? context.Worker);
        var uploaders = context.Job.Graph.Roles.Where(role => context.Job.Graph.Channels.Any(edge => edge.Has(role.Name, FunctionTags.Upload))).Select(role => role.Name).ToHashSet();
        var unheard = plan.Workers
            .Where(worker => experiment.Contains(worker.Id) && uploaders.Contains(worker.Role) && !names.Contains(worker.Id.Value))
            .Select(worker => new WorkerVerdict { Worker = worker.Id.Value, Verdict = Verdict.Unheard, Reason = "the aggregator above it was not counted" });
        return [.. heard.Concat(unheard).OrderBy(verdict => verdict.Worker, StringComparer.Ordinal)];
    }

    private async Task EvaluateAsync(CancellationToken cancellationToken)
    {
        if (evaluation is null)
        {
            return;
        }

        trainer!.Load(Model);
        var score = await context.Compute.RunAsync(context.Training.Threads, () => trainer.Evaluate(evaluation, cancellationToken), cancellationToken);
        result = result! with { Accuracy = score.Accuracy, Loss = score.Loss };
    }

    // The next model is on its way while this round is being written; the channel holds its last piece back until it is, so that nobody acts on what a crash would undo.
    private Task CommitAsync(CancellationToken cancellationToken)
    {
        CrashPoint.Reach("round-aggregated");
        var (round, forgotten) = (result!, Forget(collected!, isValid).ToList());
        rounds.Add(round);
        committing = Task.Run(WriteAsync, CancellationToken.None);
        return Task.CompletedTask;

        async Task WriteAsync()
        {
            await SaveAsync(round, forgotten, cancellationToken);
            context.Observer.RoundEnded(context.Worker.Id, round);
        }
    }

    private async Task SaveAsync(RoundResult? round, IEnumerable<State.StateChange> also, CancellationToken cancellationToken)
    {
        var blob = await StoreAsync(step!.Keep(model!));
        var held = writer!.Held is { } set ? await StoreAsync(set) : null;
        CrashPoint.Reach("model-stored");
        var checkpoint = new Checkpoint { Run = run, Round = rounds.Count, Blob = blob, Held = held, Samples = new(Samples, StringComparer.Ordinal), Taken = Taken is { } taken ? new(taken, StringComparer.Ordinal) : null, Failures = failures };
        await checkpoints.SaveAsync(checkpoint, round, also, cancellationToken);

        async Task<string> StoreAsync(ParameterSet values) =>
            await context.State.BlobsOf(context.Worker.Id).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, values), cancellationToken);
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        await committing;
        var reason = IsGivenUp ? $"{failures} rounds in a row ended {Shortage}"
            : rounds.Count < Rounds.Count ? $"the privacy budget allows no further round: ε is {SpentWith(false):0.###} of {context.Job.Privacy?.Epsilon:0.###} after {rounds.Count} of {Rounds.Count}"
            : null;
        var state = IsGivenUp ? "failed" : "completed";
        trainer!.Load(Model);
        var end = Server.Travel == trainer.Layout ? model! : new ParameterSet(trainer.Layout, Model.ToArray());
        context.Observer.JobEnded(context.Worker.Id, new JobEnd(run, state, reason, rounds, end, trainer as IModelExporter));
        CrashPoint.Reach("job-ended");
        await SayGoodbyeAsync(new EndHead(run, state, reason), cancellationToken);
        if (IsGivenUp)
        {
            throw new JobFailedException($"{reason}. Look at the verdicts, then lower rounds.quorum, raise rounds.deadline or repair the workers, and go on with --resume.");
        }
    }

    // Whoever is away learns of the end from the job's retained state.
    private async Task SayGoodbyeAsync(EndHead end, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var message = new Message { Kind = MessageKind.End, Round = rounds.Count, Head = FederatedJson.Write(end, FederatedJson.Default.EndHead) };
        try
        {
            await channel!.BroadcastAsync(message, cohort.Count, both.Token);
            await EndCoordinationAsync(message, both.Token);
            await channel.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"some workers may not have heard that the job is over: {error.Message}");
        }
    }
}
