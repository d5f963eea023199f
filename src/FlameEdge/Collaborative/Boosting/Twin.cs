using System.Collections.Frozen;
using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>The learner that a site would be if nobody ever helped: the same start and rows, at the rate that is best alone. The site says what both make of a row, each believed by how well it did lately.</summary>
/// <remarks>
/// Waiting for help, learning slowly for its sake and a specialist that harms for a few batches cost the site what the isolated learner has meanwhile; with it beside, they cost a share of that.
/// Mixing by decayed likelihoods is dynamic model averaging with forgetting. Weights and temper are our design. Not thread-safe.
/// </remarks>
/// <seealso href="https://doi.org/10.1198/TECH.2009.08104">Raftery, Kárný and Ettler 2010, Online prediction under model uncertainty via dynamic model averaging</seealso>
internal sealed class Twin : IRemembered
{
    private const double Forgetting = 0.9;

    // Rows of a batch resemble each other: as evidence they count for a tenth of what independent ones would.
    private const double Temper = 0.1;

    // A specialist that has just passed the gate is believed before it could earn it, in nats.
    private const double Head = 15;
    private const double MostWeight = 3;
    private readonly DenseNetwork network;
    private readonly Ensemble alone;
    private readonly CanoeSettings settings;
    private readonly PortableRandom random;
    private readonly double[] seen;
    private double lead;

    private Twin(DenseNetwork network, CanoeSettings settings, ulong seed)
    {
        (this.network, this.settings) = (network, settings);
        alone = new Ensemble(network);
        random = new PortableRandom(seed, 1);
        seen = new double[network.ClassCount];
    }

    /// <summary>The twin of a network that has not learned here yet; null where none is wanted, or the network is no chain of dense layers.</summary>
    public static Twin? Of(ISiteModel model, CanoeSettings settings, ulong seed)
    {
        if (!settings.KeepsTwin || !settings.Collaborates || !IsDense(model))
        {
            return null;
        }

        var network = new DenseNetwork([.. model.Layers.Select(layer => layer.Inputs), model.ClassCount])
        {
            WeightDecay = (model as DenseNetwork)?.WeightDecay ?? 0,
            LearningRate = settings.AloneRate,
        };
        network.Load(model.Parameters);
        return new Twin(network, settings, seed);
    }

    /// <summary>Begins anew from these parameters.</summary>
    public void Begin(ReadOnlySpan<float> parameters) => network.Load(parameters);

    /// <summary>The share of the helped model in what the site says, in (0, 1).</summary>
    public double HelpedShare => 1 / (1 + Math.Exp(-Temper * lead));

    /// <summary>Compares both on a batch that neither has learned. Every class counts alike, as in macro accuracy, a rare one up to three times.</summary>
    /// <param name="samples">[rows, features].</param>
    /// <param name="labels">[rows].</param>
    /// <param name="combined">Logits of the helped model, [rows, classes].</param>
    public void Judge(ReadOnlyMemory<float> samples, ReadOnlySpan<int> labels, ReadOnlySpan<float> combined)
    {
        var classes = network.ClassCount;
        var own = new float[labels.Length * classes];
        network.Forward(samples, own);
        for (var label = 0; label < classes; label++)
        {
            seen[label] = (Forgetting * seen[label]) + labels.Count(label);
        }

        var share = seen.Sum() / Math.Max(1, seen.Count(rows => rows > 0.05)); // One row is forgotten after thirty batches.
        lead *= Forgetting;
        for (var row = 0; row < labels.Length; row++)
        {
            var (label, logits) = (labels[row], row * classes);
            var gain = Logits.LogLikelihood(combined.Slice(logits, classes), label) - Logits.LogLikelihood(own.AsSpan(logits, classes), label);
            lead += Math.Min(MostWeight, share / seen[label]) * gain;
        }
    }

    /// <summary>Help has just passed the gate, or come back.</summary>
    public void Credit() => lead = Math.Max(lead, Head);

    /// <summary>Help that was in use has been evicted.</summary>
    public void Discredit() => lead = Math.Min(lead, -Head);

    /// <summary>Learns a batch with as many replayed rows as the site.</summary>
    public void Learn(ReadOnlySpan<float> samples, ReadOnlySpan<int> labels, ExampleStore replay)
    {
        var rows = new float[samples.Length + (this.settings.ReplayedRows * network.FeatureCount)];
        var all = new int[labels.Length + this.settings.ReplayedRows];
        samples.CopyTo(rows);
        labels.CopyTo(all);
        replay.Draw(this.settings.ReplayedRows, random, rows.AsSpan(samples.Length), all.AsSpan(labels.Length));
        alone.Learn(rows, all, FrozenSet<int>.Empty);
    }

    /// <summary>Makes of the helped model's logits [rows, classes] the logarithm of what both say together.</summary>
    public void Join(ReadOnlyMemory<float> samples, Span<float> combined)
    {
        var classes = network.ClassCount;
        var own = new float[combined.Length];
        network.Forward(samples, own);
        var helped = (float)HelpedShare;
        for (var i = 0; i < combined.Length; i += classes)
        {
            var said = combined.Slice(i, classes);
            var alone = own.AsSpan(i, classes);
            Logits.Softmax(said, said);
            Logits.Softmax(alone, alone);
            TensorPrimitives.Multiply(said, helped, said);
            TensorPrimitives.MultiplyAdd(alone, 1 - helped, said, said);
            TensorPrimitives.Max(said, float.Epsilon, said); // A logarithm of 0 is no logit.
            TensorPrimitives.Log(said, said);
        }
    }

    private static bool IsDense(ISiteModel model)
    {
        var layers = model.Layers;
        return layers.Count > 0 && layers.All(layer => layer.Convolution is null) && layers[0].Inputs == model.FeatureCount && layers[^1].Outputs == model.ClassCount && layers[^1].End == model.Parameters.Length
            && Enumerable.Range(1, layers.Count - 1).All(i => layers[i].Inputs == layers[i - 1].Outputs && layers[i].Offset == layers[i - 1].End);
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        ((IRemembered)network).Write(writer);
        writer.Random(random);
        writer.Items(seen, writer.Number);
        writer.Number(lead);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        ((IRemembered)network).Read(reader);
        reader.Random(random);
        foreach (var (label, rows) in reader.Items(reader.Number).Index())
        {
            SnapshotReader.Require(label < seen.Length, "it has other classes");
            seen[label] = rows;
        }

        lead = reader.Number();
    }
}
