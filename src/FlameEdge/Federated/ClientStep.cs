using System.Buffers;
using FlameEdge.Federated.Aggregation.Corrections;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// A client's side of the job's optimizer around its local steps: what it adds to its gradients, what it sends beside its change, and what it carries from round to round. The latter is kept
/// with the update it belongs to, so that a repeated round starts from the same state and gives the same bytes.
/// </summary>
internal sealed class ClientStep
{
    private readonly IClientCorrection? correction;
    private readonly ParameterLayout model;
    private readonly float[]? added;
    private readonly ParameterLayout? state;
    private readonly IReadOnlyList<Aggregation.StateVector> vectors;

    /// <param name="optimizer">The job's.</param>
    /// <param name="training">This worker's.</param>
    /// <param name="model">The model's tensors.</param>
    /// <param name="personal">What the client carries beside it.</param>
    public ClientStep(OptimizerSpec optimizer, TrainingSpec training, ParameterLayout model, IReadOnlyList<Aggregation.StateVector>? personal = null)
    {
        this.model = model;
        correction = Algorithms.Client(optimizer, training, model);
        Travel = TravelLayout.Of(optimizer, model);
        added = correction is null or FedProxClient or FedNovaClient ? null : new float[model.Length];
        vectors = [.. correction?.State ?? [], .. personal ?? []];
        if (vectors.Count > 0)
        {
            state = ParameterLayout.Of(vectors.Select(vector => ($"client/{vector.Name}", (IReadOnlyList<int>)[vector.Values.Length], ParameterKind.Buffer)));
        }
    }

    /// <summary>The model and what travels with it.</summary>
    public ParameterLayout Travel { get; }

    /// <summary>True where something is carried from round to round.</summary>
    public bool HasState => state is not null;

    /// <summary>The training settings with the pull of the optimizer in them: what the trainer is opened with.</summary>
    public static TrainingSpec With(OptimizerSpec optimizer, TrainingSpec training) => optimizer.Kind switch
    {
        OptimizerSpec.FedProx => training with { Proximal = optimizer.Mu!.Value }, // A job without it is refused.
        OptimizerSpec.FedDyn => training with { Proximal = optimizer.Alpha ?? 0.01 },
        _ => training,
    };

    /// <summary>What is carried, as a blob's content.</summary>
    public ReadOnlySequence<byte> Save()
    {
        var values = new ParameterSet(state!);
        var offset = 0;
        foreach (var vector in vectors)
        {
            vector.Values.Span.CopyTo(values.Values[offset..]);
            offset += vector.Values.Length;
        }

        return ModelWriter.Encode(UpdateCodec.Plain, values);
    }

    /// <summary>Goes on from such content; from the start where there is none.</summary>
    public void Load(byte[]? content)
    {
        var values = new ParameterSet(state!);
        if (content is not null)
        {
            UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(content), state!, values.Values);
        }

        var offset = 0;
        foreach (var vector in vectors)
        {
            values.Values.Slice(offset, vector.Values.Length).CopyTo(vector.Values.Span);
            offset += vector.Values.Length;
        }
    }

    /// <summary>Trains from what was received and writes what is to be sent.</summary>
    /// <param name="trainer">The engine's model.</param>
    /// <param name="received">The model, and what travelled with it.</param>
    /// <param name="start">What the steps begin with; empty for the received model.</param>
    /// <param name="update">Of <see cref="Travel"/>.</param>
    /// <param name="train">The local steps.</param>
    public TrainingResult Train(ITrainer trainer, ReadOnlySpan<float> received, ReadOnlySpan<float> start, Span<float> update, Func<TrainingResult> train)
    {
        var own = received[..model.Length];
        var beside = received[model.Length..];
        trainer.Load(start.IsEmpty ? own : start);
        if (added is not null && trainer is IGradientCorrection corrected)
        {
            corrected.SetCorrection(correction!.Begin(beside, added) ? added : default);
        }

        var result = train();
        var change = update[..model.Length];
        var further = update[model.Length..];
        trainer.Save(change);
        if (correction is null)
        {
            ParameterMath.Delta(own, change, change);
            return result;
        }

        // Where the change is written what was trained stands: it is read before.
        var trained = ArrayPool<float>.Shared.Rent(model.Length);
        try
        {
            change.CopyTo(trained);
            var work = new LocalWork { Received = own, Trained = trained.AsSpan(0, model.Length), Steps = result.Steps };
            var amount = correction.Complete(work, change, correction.SendsSecond ? further : default);
            if (further.Length == 1)
            {
                further[0] = (float)amount;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(trained);
        }

        return result;
    }
}
