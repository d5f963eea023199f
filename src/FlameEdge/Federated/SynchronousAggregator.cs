using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// The top of a synchronous job: FedAvg over rounds with quorum and deadline, a checkpoint after each.
/// Steps: <c>initialize &gt;&gt; gather &gt;&gt; (aggregate &gt;&gt; evaluate &gt;&gt; commit)* &gt;&gt; finish</c>.
/// </summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1, server</seealso>
public sealed class SynchronousAggregator(RoleContext context) : IRole
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly Checkpoints checkpoints = new(context.State, context.Worker.Id);
    private readonly List<RoundResult> rounds = [];
    private IChannel? channel;
    private ChannelInbox? inbox;
    private RoundCollector? collector;
    private ModelWriter? writer;
    private ITrainer? trainer;
    private Dataset? evaluation;
    private ParameterSet? model;
    private ParameterSet? former;
    private IReadOnlyList<WorkerId> cohort = [];
    private string run = string.Empty;
    private int failures;
    private CollectedRound? collected;
    private RoundResult? result;
    private string modelHash = string.Empty;
    private Task committing = Task.CompletedTask;

    private RoundSpec Rounds => context.Job.Rounds;

    private int Quorum => Rounds.QuorumOf(cohort.Count);

    private bool IsGivenUp => failures >= Rounds.MaxFailures;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> new Tasklet("gather", GatherAsync)
        >> Loop.Until(() => rounds.Count >= Rounds.Count || IsGivenUp, new Tasklet("aggregate", AggregateAsync) >> new Tasklet("evaluate", EvaluateAsync) >> new Tasklet("commit", CommitAsync))
        >> new Tasklet("finish", FinishAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await committing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // A fault has been told where it was waited for.
        if (inbox is not null)
        {
            await inbox.DisposeAsync();
        }

        trainer?.Dispose();
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        trainer = await OpenModelAsync(cancellationToken);
        channel = context.ChannelOf(FunctionTags.Distribute);
        inbox = new ChannelInbox(channel, context.Time);
        collector = new RoundCollector(context, inbox);
        writer = new ModelWriter(context.DownCodecOf(channel));
        cohort = collector.Cohort;

        if (await checkpoints.LoadAsync(trainer.Layout, cancellationToken) is { } stored)
        {
            (run, model, failures) = (stored.Checkpoint.Run, stored.Model, stored.Checkpoint.Failures);
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
                collector.Samples[worker] = samples;
            }

            context.Observer.Say(context.Worker.Id, $"resuming after round {rounds.Count} of {Rounds.Count}");
            return;
        }

        run = Guid.NewGuid().ToString("n");
        model = new ParameterSet(trainer.Layout);
        trainer.Initialize(context.Job.Seed);
        trainer.Save(model.Values);
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
        if (rounds.Count < Rounds.Count && !IsGivenUp)
        {
            await collector!.WaitForCohortAsync(Rounds.Deadline, Rounds.Patience, cancellationToken);
        }
    }

    private async Task AggregateAsync(CancellationToken cancellationToken)
    {
        var number = rounds.Count + 1;
        cohort = collector!.Cohort;
        var start = context.Time.GetTimestamp();
        var before = (channel as IMeteredChannel)?.Traffic ?? default;
        if (writer!.Held is not null)
        {
            // The checkpoint has it too, and it is about to change.
            await committing;
        }

        var outgoing = writer.Next(model!, modelHash) with { Until = committing };
        var terms = new RoundTerms(run, number, outgoing.Base, StepOf(number));
        var script = context.Replay?.Round(number);
        if (context.Replay is not null && script is null)
        {
            throw new TopologyException($"the result to replay has no round {number}: set rounds.count to at most {number - 1}");
        }

        collected = script is { Outcome: RoundOutcome.NoQuorum }
            ? new CollectedRound(terms, cohort, new ExactSum(model!.Layout.Length, terms.Step))
            : await collector.CollectAsync(terms, outgoing, model!.Layout, Rounds.Deadline, Quorum, cancellationToken);

        await committing;
        var needed = context.Replay is { } replay ? cohort.Count(replay.Counted(number).Contains) : Quorum;
        if (context.Replay is not null && collected.Counted.Count < needed)
        {
            throw new JobFailedException($"round {number} of the replay waited {Rounds.Deadline.TotalSeconds:0} s in vain for {needed - collected.Counted.Count} workers the result counts");
        }

        var isValid = collected.Counted.Count >= needed && collected.Counted.Count > 0;
        if (isValid)
        {
            // Not in place: the model of this round may still be on its way to somebody. The one before it is on nobody's.
            var next = former ?? new ParameterSet(model.Layout);
            collected.Sum.AddMean(model.Values, next.Values);
            (former, model) = (model, next);
        }

        failures = isValid ? 0 : failures + 1;
        modelHash = model.ContentHash();
        var after = (channel as IMeteredChannel)?.Traffic ?? default;
        result = new RoundResult
        {
            Round = number,
            Outcome = isValid ? RoundOutcome.Completed : RoundOutcome.NoQuorum,
            TrainingLoss = collected.TrainingLoss,
            Norm = ParameterMath.Norm(model.Values),
            Samples = collected.Sum.Weight,
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

    // Workers below an aggregator that was not counted have a verdict too.
    private IReadOnlyList<WorkerVerdict> WithUnheard(List<WorkerVerdict> heard)
    {
        var names = heard.Select(verdict => verdict.Worker).ToHashSet(StringComparer.Ordinal);
        var uploaders = context.Job.Graph.Roles.Where(role => context.Job.Graph.Channels.Any(edge => edge.Has(role.Name, FunctionTags.Upload))).Select(role => role.Name).ToHashSet();
        var unheard = (context.LatestPlan?.Invoke() ?? context.Plan).Workers
            .Where(worker => uploaders.Contains(worker.Role) && !names.Contains(worker.Id.Value))
            .Select(worker => new WorkerVerdict { Worker = worker.Id.Value, Verdict = Verdict.Unheard, Reason = "the aggregator above it was not counted" });
        return [.. heard.Concat(unheard).OrderBy(verdict => verdict.Worker, StringComparer.Ordinal)];
    }

    // The limit leaves room for workers never seen, and is a power of two so that it seldom changes.
    private SumStep StepOf(int round)
    {
        if (context.Replay?.Step(round, (float)Rounds.LargestValue) is { } replayed)
        {
            return replayed;
        }

        var known = collector!.Samples;
        var total = known.Count == 0 ? cohort.Count : (double)known.Values.Sum() * cohort.Count / known.Count;
        return SumStep.For(1L << Math.Clamp(Math.ILogB(total) + 2, 0, 52), (float)Rounds.LargestValue);
    }

    private async Task EvaluateAsync(CancellationToken cancellationToken)
    {
        if (evaluation is null)
        {
            return;
        }

        trainer!.Load(model!.Values);
        var score = await context.Compute.RunAsync(context.Training.Threads, () => trainer.Evaluate(evaluation, cancellationToken), cancellationToken);
        result = result! with { Accuracy = score.Accuracy, Loss = score.Loss };
    }

    // The next model is on its way while this round is being written; the channel holds its last piece back until it is, so that nobody acts on what a crash would undo.
    private Task CommitAsync(CancellationToken cancellationToken)
    {
        CrashPoint.Reach("round-aggregated");
        var (round, forgotten) = (result!, collector!.Forget(collected!).ToList());
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
        var blob = await StoreAsync(model!);
        var held = writer!.Held is { } set ? await StoreAsync(set) : null;
        CrashPoint.Reach("model-stored");
        var checkpoint = new Checkpoint { Run = run, Round = rounds.Count, Blob = blob, Held = held, Samples = new(collector!.Samples, StringComparer.Ordinal), Failures = failures };
        await checkpoints.SaveAsync(checkpoint, round, also, cancellationToken);

        async Task<string> StoreAsync(ParameterSet values) =>
            await context.State.BlobsOf(context.Worker.Id).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, values), cancellationToken);
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        await committing;
        var reason = IsGivenUp ? $"{failures} rounds in a row ended without a quorum of {Quorum} of {cohort.Count}" : null;
        var state = IsGivenUp ? "failed" : "completed";
        trainer!.Load(model!.Values);
        context.Observer.JobEnded(context.Worker.Id, new JobEnd(run, state, reason, rounds, model, trainer as IModelExporter));
        CrashPoint.Reach("job-ended");
        await SayGoodbyeAsync(new EndHead(run, state, reason), cancellationToken);
        if (reason is not null)
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
            await channel.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"some workers may not have heard that the job is over: {error.Message}");
        }
    }
}
