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
    private static readonly PacketOrigin s_nowhere = new("", 0, 0, DateTimeOffset.MaxValue);

    /// <summary>What <paramref name="model"/> knows of <paramref name="label"/>; null where <paramref name="examples"/> are too few to cut and test it, the model has no hidden layer to cut, or its images are larger than packets take (a common backbone is the way then).</summary>
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
        if (rows is null || model.Layers.Count < 2 || model.Layers.Any(layer => layer.Convolution is { } shape && Math.Max(shape.Height, shape.Width) > PacketReader.MostImageEdge))
        {
            return null;
        }

        var cut = known is not null && known.Averaging == averaging ? SpecialistCut.Of(known) : Cut(model, rows, label, averaging);
        var stage = new Stage(0, cut.Network, averaging, s_nowhere, cut.Front);
        var mask = settings.ScatteredWeights > 0 ? WeightSelection.Mask(stage, rows, settings.ScatteredWeights) : null;
        Repair(stage, rows, mask, random);
        Calibrate(stage, rows);
        var knowledge = mask is null ? ClassKnowledge.Of(labelId, cut.Network, cut.Units, cut.Front, cut.Channels) : ClassKnowledge.OfScattered(labelId, cut.Network, cut.Front, cut.Channels);
        return knowledge with { Origin = known?.Origin.ModelHash ?? 0, Claims = Test(knowledge, rows, averaging) };
    }

    /// <summary>How samples are averaged for specialists of <paramref name="model"/> where a target wishes <paramref name="wished"/>: not at all before convolutions, whose windows were learned at full resolution.</summary>
    public static InputAveraging Averaging(ISiteModel model, InputAveraging wished) => model.Layers is [{ Convolution: not null }, ..] ? wished with { Factor = 1 } : wished;

    /// <summary>Units to keep of each hidden layer of <paramref name="model"/>: an eighth, or what the settings say, shrunk in proportion until the class fits the budget.</summary>
    public int[] UnitCounts(ISiteModel model, int inputs)
    {
        var convolutions = model.Layers.Count(layer => layer.Convolution is not null);
        int[] wanted = [.. model.Layers.SkipLast(1).Select((layer, i) => Wanted(layer, i < convolutions ? settings.Channels : settings.Units, i < convolutions ? i : i - convolutions))];
        while (SizeBytes(model, inputs, wanted) > settings.BudgetBytes && wanted.Any(units => units > 1))
        {
            wanted = [.. wanted.Select(units => Math.Max(1, units - Math.Max(1, units / 8)))];
        }

        return wanted;
    }

    /// <summary>Bytes of the weights of such a dense specialist: Σ k (fan-in + 3), and k + 6 for the output.</summary>
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

    private static int Wanted(UnitLayer layer, IReadOnlyList<int> settings, int index) => Math.Min(layer.Outputs, index < settings.Count ? settings[index] : Math.Max(2, (layer.Outputs + 7) / 8));

    private static int SizeBytes(ISiteModel model, int inputs, int[] counts)
    {
        var (bytes, below, convolutions) = (0, inputs, 0);
        foreach (var (layer, count) in model.Layers.TakeWhile(layer => layer.Convolution is not null).Zip(counts))
        {
            var shape = layer.Convolution!; // All taken are convolutions.
            var channels = convolutions == 0 ? shape.Channels : counts[convolutions - 1];
            bytes += count * ((channels * shape.Window * shape.Window) + 3);
            below = count * shape.PooledHigh * shape.PooledWide;
            convolutions++;
        }

        return bytes + SizeBytes(below, [.. counts.Skip(convolutions)]);
    }

    private SpecialistCut Cut(ISiteModel model, HeldOutRows rows, int label, InputAveraging averaging)
    {
        var sample = new ClassSample(label, BinaryTraining.Stack(rows.Positives), BinaryTraining.Stack(rows.Negatives));
        var counts = settings.ScatteredWeights > 0 ? [.. model.Layers.SkipLast(1).Select((layer, i) => layer.Convolution is null ? layer.Outputs : UnitCounts(model, averaging.Outputs)[i])] : UnitCounts(model, averaging.Outputs);
        UnitChoice[] kept = [.. significance.Score(model, sample).Select((layer, i) => new UnitChoice(layer.Length, Best(layer, counts[i])))];
        return SpecialistCut.Of(model, sample, kept, averaging);
    }

    // The largest scores, the lower index on ties; ascending.
    private static int[] Best(float[] scores, int count) => [.. Enumerable.Range(0, scores.Length).OrderByDescending(unit => scores[unit]).ThenBy(unit => unit).Take(count).Order()];

    private void Repair(Stage stage, HeldOutRows rows, float[]? mask, PortableRandom random)
    {
        if (mask is not null)
        {
            WeightSelection.Apply(stage, mask);
        }

        float[][] pool = [.. rows.Positives, .. rows.Negatives];
        float[][] inputs = [.. pool.Select(row => stage.Inputs(row).ToArray())];
        var (positive, negative) = ((float)pool.Length / (2 * rows.Positives.Count), -(float)pool.Length / (2 * rows.Negatives.Count));
        var order = new BatchOrder(pool.Length, BatchRows);
        order.Start(random.NextBits());
        var width = stage.Network.FeatureCount;
        stage.Network.LearningRate = RepairRate;
        for (var step = 0; step < settings.RepairEpochs * order.BatchesPerEpoch; step++)
        {
            var batch = order.Next();
            var weights = new float[batch.Length];
            var drawn = new float[batch.Length * width];
            for (var i = 0; i < batch.Length; i++)
            {
                inputs[batch[i]].CopyTo(drawn, i * width);
                weights[i] = (batch[i] < rows.Positives.Count ? positive : negative) / batch.Length;
            }

            BinaryTraining.Step(stage.Network, drawn, weights);
            if (mask is not null)
            {
                WeightSelection.Apply(stage, mask);
            }
        }
    }

    private static void Calibrate(Stage stage, HeldOutRows rows)
    {
        LineSearch.Fit([stage], [stage.Score(BinaryTraining.Stack(rows.HeldPositives)).ToArray()], [stage.Score(BinaryTraining.Stack(rows.HeldNegatives)).ToArray()]);
        var parameters = stage.Network.Parameters.ToArray();
        foreach (ref var weight in parameters.AsSpan(stage.Network.Layers[^1].Offset))
        {
            weight *= stage.Slope;
        }

        parameters[^1] += stage.Offset;
        stage.Network.Load(parameters);
    }

    private static KnowledgeClaims Test(ClassKnowledge knowledge, HeldOutRows rows, InputAveraging averaging)
    {
        var stage = new Stage(0, knowledge.Restore(), averaging, s_nowhere, knowledge.RestoreFront());
        var positives = stage.Score(BinaryTraining.Stack(rows.HeldPositives)).ToArray();
        var negatives = stage.Score(BinaryTraining.Stack(rows.HeldNegatives)).ToArray();
        var balanced = (BinaryTraining.PositiveRate(positives) + 1 - BinaryTraining.PositiveRate(negatives)) / 2;
        return new KnowledgeClaims(BinaryTraining.Auc(positives, negatives), balanced, rows.Positives.Count + positives.Length, rows.Negatives.Count + negatives.Length, rows.Rest);
    }
}
