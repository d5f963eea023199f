using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;

namespace FlameEdge.Federated.Ring;

/// <summary>A member's own steps from a model: the part of its work that is the same whoever makes the next one.</summary>
internal sealed class LocalTraining : IDisposable
{
    private readonly RoleContext context;
    private readonly Dataset data;
    private readonly ClientStep client;

    private LocalTraining(RoleContext context, Dataset data)
    {
        (this.context, this.data) = (context, data);
        var spec = context.Job.Model ?? throw new TopologyException($"job '{context.Job.Name}' names no model: add a section 'model', such as: model: {{ kind: softmax }}");
        Trainer = context.Engine.Open(spec, data.SampleShape, data.ClassCount, ClientStep.With(context.Job.Optimizer, context.Training));
        client = new ClientStep(context.Job.Optimizer, context.Training, Trainer.Layout);
        if (client.Travel != Trainer.Layout || client.HasState)
        {
            throw new TopologyException($"optimizer '{context.Job.Optimizer.Kind}' sends more than a change, which a ring does not carry; use fedavg, fedavgm, fedadagrad, fedadam, fedyogi or fedprox");
        }
    }

    /// <summary>The engine's model.</summary>
    public ITrainer Trainer { get; }

    /// <summary>Its tensors, which are all that travels.</summary>
    public ParameterLayout Layout => Trainer.Layout;

    /// <summary>How much this member's change counts.</summary>
    public long Samples => WeightOf(data.Count);

    /// <summary>Loads what it learns from.</summary>
    /// <exception cref="TopologyException">The job asks for what a ring cannot do.</exception>
    public static async Task<LocalTraining> OpenAsync(RoleContext context, CancellationToken cancellationToken)
    {
        var dataset = context.Worker.Dataset ?? throw new TopologyException($"{context.Worker.Id} trains but has no dataset: set isDataConsumer on role '{context.Worker.Role}'");
        return new LocalTraining(context, await context.LoadAsync(dataset, cancellationToken));
    }

    /// <summary>Trains as a trainer below an aggregator does: the same draws for the same worker and round.</summary>
    public async Task<RingChange> TrainAsync(ParameterSet from, int round, CancellationToken cancellationToken)
    {
        var seed = Seeds.Derive(context.Job.Seed, context.Worker.Id.Value, round);
        var change = new float[Layout.Length];
        var result = await context.Compute.RunAsync(
            context.Training.Threads, () => client.Train(Trainer, from.Values, default, change, () => Trainer.Train(data, seed, cancellationToken)), cancellationToken);
        return new(change, WeightOf(result.Samples), double.IsFinite(result.Loss) ? result.Loss : null);
    }

    public void Dispose() => Trainer.Dispose();

    private long WeightOf(int samples) => context.Job.CountsAlike ? 1 : samples;
}
