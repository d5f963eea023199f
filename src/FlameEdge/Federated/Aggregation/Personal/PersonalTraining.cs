using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Aggregation.Personal;

/// <summary>
/// A client's own model around its rounds. What it carries from round to round is kept with the update it belongs to (<see cref="ClientStep"/>), so that a killed client repeats a round from the
/// same model. Not thread-safe.
/// </summary>
internal sealed class PersonalTraining : IDisposable
{
    // Of the vector beside the model.
    private const int Begun = 0, SharedAccuracy = 1, SharedLoss = 2, OwnAccuracy = 3, OwnLoss = 4;
    private readonly PersonalSpec spec;
    private readonly RoleContext context;
    private readonly Dataset data;
    private readonly Dataset? heldOut;
    private readonly ParameterLayout layout;
    private readonly float[] scratch;
    private readonly float[] story = new float[5];
    private readonly LocalHeads? heads;
    private readonly Ditto? ditto;
    private readonly ITrainer? apart;
    private readonly Memory<float> own;

    private PersonalTraining(PersonalSpec spec, RoleContext context, ParameterLayout layout, Dataset data, Dataset? heldOut, Func<TrainingSpec, ITrainer> open)
    {
        (this.spec, this.context, this.layout, this.data, this.heldOut, scratch) = (spec, context, layout, data, heldOut, new float[layout.Length]);
        switch (spec.Kind)
        {
            case PersonalSpec.FedPer:
                heads = HeadsOf(spec, layout, scratch);
                own = heads.State[0].Values;
                break;
            case PersonalSpec.Ditto:
                ditto = new Ditto(layout, spec.Lambda, scratch);
                own = ditto.State[0].Values;

                // The pull is the optimizer's of the shared model otherwise.
                apart = open(context.Training with { Proximal = spec.Lambda });
                break;
            default:
                own = new float[layout.Length];
                apart = open(context.Training with { Steps = spec.Steps });
                break;
        }

        State = [new StateVector("personal", own), new StateVector("personal-story", story)];
        if (ditto is not null && apart is not IGradientCorrection)
        {
            throw new TopologyException($"personal: ditto adds to gradients, which the engine '{context.Engine.Name}' cannot; set training.runtime to onnx or torch");
        }
    }

    /// <summary>What a client carries from round to round.</summary>
    public IReadOnlyList<StateVector> State { get; }

    /// <summary>The one a job asks for, null for none; and the rows that are learned from.</summary>
    /// <param name="context">The client's.</param>
    /// <param name="layout">The model's.</param>
    /// <param name="data">All its rows.</param>
    /// <param name="open">Opens another trainer for them.</param>
    /// <exception cref="TopologyException">The model has no such tensor, or the engine cannot.</exception>
    public static (PersonalTraining? Personal, Dataset Learned) For(RoleContext context, ParameterLayout layout, Dataset data, Func<TrainingSpec, ITrainer> open)
    {
        if (context.Job.Personal is not { } spec)
        {
            return (null, data);
        }

        var (learned, held) = spec.HoldOut > 0 ? RowSplit.Of(data, spec.HoldOut, Seeds.Derive(context.Job.Seed, $"{context.Worker.Id}#held-out", 0)) : (data, null);
        return (new(spec, context, layout, learned, held is { Count: > 0 } ? held : null, open), learned);
    }

    /// <summary>What the shared model's trainer loads in place of the received one; empty for the received one itself.</summary>
    public ReadOnlySpan<float> Begin(ReadOnlySpan<float> received)
    {
        if (story[Begun] == 0)
        {
            received.CopyTo(own.Span);
            story[Begun] = 1;
        }

        if (heads is null)
        {
            return default;
        }

        received.CopyTo(scratch);
        heads.Personalize(scratch);
        return scratch;
    }

    /// <summary>Ends a round of the shared model's trainer: makes the own model, and takes from the change what stays here.</summary>
    public void Complete(ITrainer trainer, ReadOnlySpan<float> received, Span<float> change, int round, CancellationToken cancellationToken)
    {
        if (heads is not null)
        {
            trainer.Save(scratch);
            heads.Complete(scratch, change);
            scratch.CopyTo(own); // Its other layers as well: predicting here takes both.
        }
        else if (ditto is not null)
        {
            ditto.Begin(received, scratch);
            apart!.Load(ditto.Personal);
            ((IGradientCorrection)apart).SetCorrection(scratch);
            apart.Train(data, Seeds.Derive(context.Job.Seed, $"{context.Worker.Id}#personal", round), cancellationToken);
            apart.Save(scratch);
            ditto.Complete(scratch);
        }
        else
        {
            received.CopyTo(own.Span);
            return;
        }

        Score(apart ?? trainer, received, cancellationToken);
    }

    /// <summary>The own model as the last durable round left it; null where the client never took part.</summary>
    public PersonalModel? Finish(ITrainer trainer, CancellationToken cancellationToken)
    {
        if (story[Begun] == 0)
        {
            return null;
        }

        var last = apart ?? trainer;
        if (spec.Kind == PersonalSpec.FineTune)
        {
            own.CopyTo(scratch);
            last.Load(scratch);
            last.Train(data, Seeds.Derive(context.Job.Seed, $"{context.Worker.Id}#personal", 0), cancellationToken);
            last.Save(own.Span);
            Score(last, scratch, cancellationToken);
        }

        last.Load(own.Span);
        return new(spec.Kind, new ParameterSet(layout, own.ToArray()), Told(SharedAccuracy), Told(OwnAccuracy), last as IModelExporter);

        EvaluationResult? Told(int at) => heldOut is null ? null : new(heldOut.Count, story[at], story[at + 1]);
    }

    /// <inheritdoc/>
    public void Dispose() => apart?.Dispose();

    private void Score(ITrainer judge, ReadOnlySpan<float> shared, CancellationToken cancellationToken)
    {
        if (heldOut is null)
        {
            return;
        }

        judge.Load(shared);
        (story[SharedAccuracy], story[SharedLoss]) = Of(judge.Evaluate(heldOut, cancellationToken));
        judge.Load(own.Span);
        (story[OwnAccuracy], story[OwnLoss]) = Of(judge.Evaluate(heldOut, cancellationToken));

        static (float Accuracy, float Loss) Of(EvaluationResult score) => ((float)score.Accuracy, (float)score.Loss);
    }

    private static LocalHeads HeadsOf(PersonalSpec spec, ParameterLayout layout, float[] start)
    {
        try
        {
            return new LocalHeads(layout, spec.Tensors, start);
        }
        catch (ArgumentException error)
        {
            throw new TopologyException($"personal: {error.Message}", error);
        }
    }
}
