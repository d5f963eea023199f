using System.Buffers;
using System.Buffers.Binary;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <summary>
/// What a member of a job without a server keeps: the model, what its optimizer carries, and the record of all rounds, durable after each of them. Every member makes the same next model of the same mean.
/// </summary>
internal sealed class RingLearner : IRingWork, IDisposable
{
    private const int PrefixBytes = 4;
    private const int LargestHistory = 256 << 20;
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly Checkpoints checkpoints;
    private readonly LocalTraining training;
    private readonly Dataset? evaluation;
    private readonly ServerStep step;
    private ParameterSet model;
    private List<RoundResult> rounds = [];
    private string run = string.Empty;
    private ChannelTraffic before;

    private RingLearner(RoleContext context, IChannel channel, LocalTraining training, Dataset? evaluation)
    {
        (this.context, this.channel, this.training, this.evaluation) = (context, channel, training, evaluation);
        checkpoints = new Checkpoints(context.State, context.Worker.Id);
        step = new ServerStep(context.Job, training.Layout);
        model = new ParameterSet(training.Layout);
        Trainer.Initialize(context.Job.Seed);
        Trainer.Save(model.Values);
        Standing = new(run, 0, step.Keep(model).ContentHash());
    }

    /// <inheritdoc/>
    public RingStanding Standing { get; private set; }

    /// <inheritdoc/>
    public int Length => training.Layout.Length;

    /// <inheritdoc/>
    public bool CanTrain => rounds.Count < context.Job.Rounds.Count;

    /// <summary>How much this member's change counts.</summary>
    public long Samples => training.Samples;

    private ITrainer Trainer => training.Trainer;

    /// <summary>Loads what it learns from, and goes on where it stood.</summary>
    /// <exception cref="TopologyException">The job asks for what a ring cannot do.</exception>
    public static async Task<RingLearner> OpenAsync(RoleContext context, IChannel channel, CancellationToken cancellationToken)
    {
        var learner = new RingLearner(context, channel, await LocalTraining.OpenAsync(context, cancellationToken), context.Job.Evaluation is { } id ? await context.LoadAsync(id, cancellationToken) : null);
        if (await learner.checkpoints.LoadAsync(learner.step.Kept, learner.step.Travel, cancellationToken) is { } stored)
        {
            (learner.run, learner.rounds) = (stored.Checkpoint.Run, stored.Rounds);
            learner.Standing = new(learner.run, stored.Checkpoint.Round, stored.Model.ContentHash());
            learner.model = learner.step.Resume(stored.Model);
            context.Observer.Say(context.Worker.Id, $"resuming after round {learner.rounds.Count} of {context.Job.Rounds.Count}");
        }

        return learner;
    }

    /// <inheritdoc/>
    public Task<RingChange> TrainAsync(CancellationToken cancellationToken)
    {
        before = (channel as IMeteredChannel)?.Traffic ?? default;
        return training.TrainAsync(model, rounds.Count + 1, cancellationToken);
    }

    /// <inheritdoc/>
    public ReadOnlySequence<byte> Snapshot()
    {
        // A copy: the model goes on while this travels.
        var kept = step.Keep(model);
        var history = FederatedJson.Write(rounds, RingJson.Default.ListRoundResult);
        var content = new ArrayBufferWriter<byte>();
        BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(PrefixBytes), history.Length);
        content.Advance(PrefixBytes);
        content.Write(history);
        UpdateCodec.Plain.Encode(kept.Layout, kept.Values, content);
        return new(content.WrittenMemory);
    }

    /// <inheritdoc/>
    public async Task AdoptAsync(RingStanding standing, ReadOnlySequence<byte> snapshot, CancellationToken cancellationToken)
    {
        var length = ReadLength(snapshot);
        var history = FederatedJson.Read(snapshot.Slice(PrefixBytes, length).ToArray(), RingJson.Default.ListRoundResult);
        var kept = new ParameterSet(step.Kept);
        UpdateCodec.Plain.Decode(snapshot.Slice(PrefixBytes + length), kept.Layout, kept.Values);
        if (kept.ContentHash() != standing.Base || history.Count != standing.Round || history.Where((round, index) => round?.Round != index + 1).Any())
        {
            throw new PayloadException($"what was handed over is not what stands after round {standing.Round}");
        }

        var former = Standing.Round;
        (run, rounds) = (standing.Run, history);
        model = step.Resume(kept);
        await SaveAsync(kept, checkpoints.Replace(former, history), cancellationToken);
        Standing = standing;
        context.Observer.Say(context.Worker.Id, $"took over what its ring has after round {standing.Round}");
        CrashPoint.Reach("ring-adopted");
    }

    /// <inheritdoc/>
    public async Task<(string Hash, byte[] Body)> AgreeAsync(RingOutcome outcome, CancellationToken cancellationToken)
    {
        var (next, kept, hash) = Next(outcome);
        var after = (channel as IMeteredChannel)?.Traffic ?? default;
        var result = new RoundResult
        {
            Round = outcome.Round,
            Outcome = RoundOutcome.Completed,
            TrainingLoss = outcome.Loss,
            Norm = ParameterMath.Norm(next.Values),
            Samples = outcome.Attempt.Total,
            Seconds = outcome.Seconds,
            BytesUp = after.Received - before.Received,
            BytesDown = after.Sent - before.Sent,
            Base = model.ContentHash(),
            Model = next.ContentHash(),
            Verdicts = outcome.Verdicts,
        };
        if (evaluation is not null)
        {
            Trainer.Load(next.Values);
            var score = await context.Compute.RunAsync(context.Training.Threads, () => Trainer.Evaluate(evaluation, cancellationToken), cancellationToken);
            result = result with { Accuracy = score.Accuracy, Loss = score.Loss };
        }

        await CommitAsync(outcome.Run, next, kept, hash, result, cancellationToken);
        context.Observer.RoundEnded(context.Worker.Id, result);
        return (hash, FederatedJson.Write(result, RoundsJson.Default.RoundResult));
    }

    /// <inheritdoc/>
    public async Task FollowAsync(RingOutcome outcome, string hash, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        var result = FederatedJson.Read(body.ToArray(), RoundsJson.Default.RoundResult);
        var (next, kept, own) = Next(outcome);
        if (own != hash || result.Round != outcome.Round)
        {
            // An optimizer that has taken its step cannot take it back: it goes on from what is durable.
            throw new ModelMismatchException($"{context.Worker.Id} makes another model of round {outcome.Round}'s mean than {outcome.Attempt.Coordinator}: run the same version on the same kind of processor in the whole ring");
        }

        await CommitAsync(outcome.Run, next, kept, hash, result, cancellationToken);
    }

    /// <summary>Tells how the job ended; null for well.</summary>
    public EndHead Tell(string? reason)
    {
        var state = reason is null ? "completed" : "failed";
        Trainer.Load(model.Values);
        context.Observer.JobEnded(context.Worker.Id, new JobEnd(run, state, reason, rounds, model, Trainer as IModelExporter));
        CrashPoint.Reach("job-ended");
        return new EndHead(run, state, reason);
    }

    public void Dispose() => training.Dispose();

    private static int ReadLength(ReadOnlySequence<byte> snapshot)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        if (snapshot.Length >= PrefixBytes)
        {
            snapshot.Slice(0, PrefixBytes).CopyTo(prefix);
            if (BinaryPrimitives.ReadInt32LittleEndian(prefix) is > 0 and <= LargestHistory and var length && length <= snapshot.Length - PrefixBytes)
            {
                return length;
            }
        }

        throw new PayloadException("what was handed over is no state of a ring");
    }

    private (ParameterSet Next, ParameterSet Kept, string Hash) Next(RingOutcome outcome)
    {
        var next = new ParameterSet(training.Layout);
        var counted = outcome.Attempt.Weights.Values.Count(weight => weight > 0);
        step.Step(outcome.Attempt.Mean.ToArray(), (double)counted / context.CohortOf(channel).Count, model, next);
        var kept = step.Keep(next);
        return (next, kept, kept.ContentHash());
    }

    private async Task CommitAsync(string run, ParameterSet next, ParameterSet kept, string hash, RoundResult result, CancellationToken cancellationToken)
    {
        (this.run, model) = (run, next);
        rounds = [.. rounds, result];
        await SaveAsync(kept, [], cancellationToken);
        Standing = new(run, result.Round, hash);
    }

    private async Task SaveAsync(ParameterSet kept, IEnumerable<StateChange> also, CancellationToken cancellationToken)
    {
        var blob = await context.State.BlobsOf(context.Worker.Id).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, kept), cancellationToken);
        CrashPoint.Reach("model-stored");
        var checkpoint = new Checkpoint { Run = run, Round = rounds.Count, Blob = blob, Samples = [] };
        await checkpoints.SaveAsync(checkpoint, rounds.Count > 0 ? rounds[^1] : null, also, cancellationToken);
    }
}
