using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;
using FlameEdge.Models.Declared;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Opens the own network of a site as the job describes it. All sites of a job begin alike, so that aligned deltas fit.</summary>
internal static class SiteModels
{
    private const double Momentum = 0.9;

    /// <summary>A plain network in C# for softmax and mlp; an engine's where the job names a runtime, or the model is a lenet.</summary>
    /// <exception cref="TopologyException">The job names no model, or one that a site cannot have.</exception>
    public static ISiteModel Open(RoleContext context, IBatchSource source)
    {
        var model = context.Job.Model ?? throw new TopologyException($"job '{context.Job.Name}' names no model: add a section 'model', such as: model: {{ kind: mlp, hidden: [64, 32] }}");
        if (!DeclaredModel.IsDeclared(model) || model.Activation != "relu")
        {
            throw new TopologyException($"a Canoe site cannot have a model of kind '{model.Kind}' with {model.Activation}: use kind mlp, softmax or lenet with relu");
        }

        if (source is ValueBatches && (model.Kind != "mlp" || context.Training.Runtime is not null))
        {
            throw new TopologyException($"job '{context.Job.Name}' predicts a value, which needs a model of kind mlp without a runtime, not {model.Kind}{(context.Training.Runtime is { } runtime ? $" on {runtime}" : "")}");
        }

        return model.Kind == "lenet" || context.Training.Runtime is not null ? OnEngine(context, model, source) : DenseNetwork.Drawn(
            context.Job.Seed, [source.SampleShape.Aggregate(1, (product, size) => product * size), .. model.Hidden, source is ValueBatches ? 1 : source.Classes.Count], weightDecay: (float)context.Training.WeightDecay);
    }

    private static TrainerModel OnEngine(RoleContext context, ModelSpec model, IBatchSource source)
    {
        var rate = CanoeTerms.SettingsOf(context.Job.Canoe).LearningRate;
        var training = context.Training with { Optimizer = OptimizerKind.Sgd, LearningRate = rate, Momentum = Momentum, Loss = LossKind.CrossEntropy };
        var trainer = context.Engine.Open(model, source.SampleShape, source.Classes.Count, training);
        trainer.Initialize(context.Job.Seed);
        return TrainerModel.Of(trainer, DeclaredModel.Of(model, source.SampleShape, source.Classes.Count), rate);
    }
}
