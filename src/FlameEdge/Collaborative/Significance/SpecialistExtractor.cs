using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Cuts what a network knows of one class out of it: a small one-against-rest network that stands alone (§4, our design).</summary>
/// <remarks>Keeps the most significant whole units, repairs what is left on the helper's own rows, calibrates it to log-odds, quantizes it and tests what was quantized on rows kept aside.</remarks>
public sealed class SpecialistExtractor(ISignificance significance, ExtractionSettings settings)
{
    private const int BatchRows = 32;
    private const float RepairRate = 0.02f;

    /// <summary>What <paramref name="model"/> knows of <paramref name="label"/>; null where <paramref name="examples"/> are too few to cut and test it.</summary>
    /// <param name="labelId">Hash of the label's name.</param>
    /// <param name="label">The class among the model's.</param>
    /// <param name="model">The network; its parameters stay.</param>
    /// <param name="known">A stage of the class at work in this site, whose knowledge is passed on in place of the network's; null for none.</param>
    /// <param name="examples">Rows of the class and of others.</param>
    /// <param name="averaging">What is done to samples first.</param>
    /// <param name="random">Draws rows.</param>
    public ClassKnowledge? Extract(ulong labelId, int label, ISiteModel model, Stage? known, ExampleStore examples, InputAveraging averaging, PortableRandom random)
    {
        var rows = HeldOutRows.Of(examples, label, settings.Examples, random);
        if (rows is null)
        {
            return null;
        }

        var (specialist, units) = known is not null && known.Averaging == averaging ? Copy(known) : Cut(model, rows, label, averaging);
        Repair(specialist, rows, averaging, random);
        Calibrate(specialist, rows, averaging);
        var knowledge = ClassKnowledge.Of(labelId, specialist, units);
        return knowledge with { Origin = known?.Origin.ModelHash ?? 0, Claims = Test(knowledge.Restore(), rows, averaging) };
    }

    /// <summary>Units to keep of each hidden layer of <paramref name="model"/>: an eighth, or what the settings say, shrunk in proportion until the class fits the budget.</summary>
    public int[] UnitCounts(ISiteModel model, int inputs)
    {
        int[] wanted = [.. model.Layers.SkipLast(1).Select((layer, i) => Math.Min(layer.Outputs, i < settings.Units.Count ? settings.Units[i] : Math.Max(2, (layer.Outputs + 7) / 8)))];
        while (SizeBytes(inputs, wanted) > settings.BudgetBytes && wanted.Any(units => units > 1))
        {
            wanted = [.. wanted.Select(units => Math.Max(1, units - Math.Max(1, units / 8)))];
        }

        return wanted;
    }

    /// <summary>Bytes of the weights of such a specialist: Σ k (fan-in + 3), and k + 6 for the output.</summary>
    public static int SizeBytes(int inputs, IReadOnlyList<int> units)
    {
        var (bytes, below) = (6 + units[^1], inputs);
        foreach (var count in units)
        {
            bytes += count * (below + 3);
            below = count;
        }

        return bytes;
    }

    private static (DenseNetwork Specialist, IReadOnlyList<UnitChoice> Units) Copy(Stage known)
    {
        var copy = new DenseNetwork([.. known.Network.Layers.Select(layer => layer.Inputs), 1]);
        copy.Load(known.Network.Parameters);
        return (copy, [.. known.Network.Layers.SkipLast(1).Select(layer => new UnitChoice(layer.Outputs, [.. Enumerable.Range(0, layer.Outputs)]))]);
    }

    private (DenseNetwork Specialist, IReadOnlyList<UnitChoice> Units) Cut(ISiteModel model, HeldOutRows rows, int label, InputAveraging averaging)
    {
        var sample = new ClassSample(label, BinaryTraining.Stack(rows.Positives), BinaryTraining.Stack(rows.Negatives));
        var scores = significance.Score(model, sample);
        var counts = UnitCounts(model, averaging.Outputs);
        UnitChoice[] units = [.. scores.Select((layer, i) => new UnitChoice(layer.Length, Best(layer, counts[i])))];
        var specialist = new DenseNetwork([averaging.Outputs, .. counts, 1]);
        var parameters = new float[specialist.Parameters.Length];
        for (var i = 0; i < units.Length; i++)
        {
            var (from, to) = (model.Layers[i], specialist.Layers[i]);
            for (var unit = 0; unit < to.Outputs; unit++)
            {
                var row = from.Row(model.Parameters, units[i].Kept[unit]);
                Select(row, i == 0 ? null : units[i - 1].Kept, averaging).CopyTo(parameters.AsSpan(to.Offset + (unit * to.Inputs)));
                parameters[to.BiasOffset + unit] = from.Biases(model.Parameters)[units[i].Kept[unit]];
            }
        }

        WriteOutput(model, sample, units[^1].Kept, specialist.Layers[^1], parameters);
        specialist.Load(parameters);
        return (specialist, units);
    }

    // v = w_c − Σ_{j≠c} q̄_j w_j with q̄ the mean share of j among the others, on rows that are not c (§4.3).
    private static void WriteOutput(ISiteModel model, ClassSample sample, IReadOnlyList<int> kept, DenseLayer to, float[] parameters)
    {
        var (classes, last) = (model.ClassCount, model.Layers[^1]);
        var logits = new float[sample.Negatives.Length / model.FeatureCount * classes];
        model.Forward(sample.Negatives, logits);
        ClassMargin.Gradients(logits, classes, sample.Label);
        var share = new float[classes];
        for (var i = 0; i < logits.Length; i++)
        {
            share[i % classes] += logits[i] * classes / logits.Length;
        }

        for (var j = 0; j < classes; j++)
        {
            var row = last.Row(model.Parameters, j);
            for (var unit = 0; unit < kept.Count; unit++)
            {
                parameters[to.Offset + unit] += share[j] * row[kept[unit]];
            }

            parameters[to.BiasOffset] += share[j] * last.Biases(model.Parameters)[j];
        }
    }

    private static float[] Select(ReadOnlySpan<float> row, IReadOnlyList<int>? kept, InputAveraging averaging)
    {
        if (kept is null)
        {
            return averaging.Sums(row);
        }

        var selected = new float[kept.Count];
        for (var i = 0; i < selected.Length; i++)
        {
            selected[i] = row[kept[i]];
        }

        return selected;
    }

    // The largest scores, the lower index on ties; ascending.
    private static int[] Best(float[] scores, int count) => [.. Enumerable.Range(0, scores.Length).OrderByDescending(unit => scores[unit]).ThenBy(unit => unit).Take(count).Order()];

    private void Repair(DenseNetwork specialist, HeldOutRows rows, InputAveraging averaging, PortableRandom random)
    {
        float[][] pool = [.. rows.Positives, .. rows.Negatives];
        float[][] averaged = [.. pool.Select(row => averaging.Apply(row).ToArray())];
        var (positive, negative) = ((float)pool.Length / (2 * rows.Positives.Count), -(float)pool.Length / (2 * rows.Negatives.Count));
        var order = new BatchOrder(pool.Length, BatchRows);
        order.Start(random.NextBits());
        specialist.LearningRate = RepairRate;
        for (var step = 0; step < settings.RepairEpochs * order.BatchesPerEpoch; step++)
        {
            var batch = order.Next();
            var weights = new float[batch.Length];
            var inputs = new float[batch.Length * averaging.Outputs];
            for (var i = 0; i < batch.Length; i++)
            {
                averaged[batch[i]].CopyTo(inputs, i * averaging.Outputs);
                weights[i] = (batch[i] < rows.Positives.Count ? positive : negative) / batch.Length;
            }

            BinaryTraining.Step(specialist, inputs, weights);
        }
    }

    private static void Calibrate(DenseNetwork specialist, HeldOutRows rows, InputAveraging averaging)
    {
        var stage = new Stage(0, specialist, averaging, new PacketOrigin("", 0, 0, DateTimeOffset.MaxValue));
        LineSearch.Fit([stage], [stage.Score(BinaryTraining.Stack(rows.HeldPositives)).ToArray()], [stage.Score(BinaryTraining.Stack(rows.HeldNegatives)).ToArray()]);
        var parameters = specialist.Parameters.ToArray();
        foreach (ref var weight in parameters.AsSpan(specialist.Layers[^1].Offset))
        {
            weight *= stage.Slope;
        }

        parameters[^1] += stage.Offset;
        specialist.Load(parameters);
    }

    private static KnowledgeClaims Test(DenseNetwork specialist, HeldOutRows rows, InputAveraging averaging)
    {
        var stage = new Stage(0, specialist, averaging, new PacketOrigin("", 0, 0, DateTimeOffset.MaxValue));
        var positives = stage.Score(BinaryTraining.Stack(rows.HeldPositives)).ToArray();
        var negatives = stage.Score(BinaryTraining.Stack(rows.HeldNegatives)).ToArray();
        var balanced = (BinaryTraining.PositiveRate(positives) + 1 - BinaryTraining.PositiveRate(negatives)) / 2;
        return new KnowledgeClaims(BinaryTraining.Auc(positives, negatives), balanced, rows.Positives.Count + positives.Length, rows.Negatives.Count + negatives.Length, rows.Rest);
    }
}
