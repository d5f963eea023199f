using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Regression;

/// <summary>Cuts what a network that predicts a number knows of one region of it: the units that matter there, with a score for the region beside the value (our design).</summary>
public sealed class RegionExtractor(ExtractionSettings settings)
{
    private const int BatchRows = 32;
    private const float RepairRate = 0.02f;

    /// <summary>What <paramref name="model"/> [features, units…, 1] knows of a region; null where rows are too few. Units by |E_R[a ∂f/∂a] − E_rest[a ∂f/∂a]|, f being the value itself.</summary>
    /// <param name="regionId">Hash of the region's name.</param>
    /// <param name="region">The region.</param>
    /// <param name="model">The network; its parameters stay.</param>
    /// <param name="examples">Rows [features…, value] by region.</param>
    /// <param name="random">Draws rows.</param>
    public ClassKnowledge? Extract(ulong regionId, int region, ISiteModel model, ExampleStore examples, PortableRandom random)
    {
        if (model.Layers.Count < 2 || HeldOutRows.Of(examples, region, settings.Examples, random) is not { } rows)
        {
            return null;
        }

        var counts = new SpecialistExtractor(new TaylorSignificance(), settings).UnitCounts(model, model.FeatureCount);
        UnitChoice[] kept = [.. Products(model, rows.Positives).Zip(Products(model, rows.Negatives), (inside, outside) => inside.Zip(outside, (one, other) => Math.Abs(one - other)).ToArray())
            .Select((scores, i) => new UnitChoice(scores.Length, [.. Enumerable.Range(0, scores.Length).OrderByDescending(unit => scores[unit]).Take(counts[i]).Order()]))];
        var specialist = Cut(model, kept);
        Repair(specialist, rows, random);
        var stage = new RegionStage(region, specialist, new PacketOrigin("", 0, 0, DateTimeOffset.MaxValue));
        var (positives, negatives) = (Scores(stage, rows.HeldPositives), Scores(stage, rows.HeldNegatives));
        var balanced = (BinaryTraining.PositiveRate(positives) + 1 - BinaryTraining.PositiveRate(negatives)) / 2;
        return ClassKnowledge.OfRegion(regionId, specialist, kept) with
        {
            Claims = new KnowledgeClaims(BinaryTraining.Auc(positives, negatives), balanced, rows.Positives.Count + positives.Length, rows.Negatives.Count + negatives.Length, rows.Rest),
        };
    }

    private static float[] Scores(RegionStage stage, IReadOnlyList<float[]> rows) => [.. stage.Outputs(RegionTraining.Features(rows)).Where((_, i) => i % 2 == 0)];

    private static float[][] Products(ISiteModel model, IReadOnlyList<float[]> rows)
    {
        var slopes = new float[rows.Count];
        model.Forward(RegionTraining.Features(rows), slopes);
        slopes.AsSpan().Fill(1f / rows.Count);
        model.Backward(slopes);
        return UnitMeans.Products(model, rows.Count);
    }

    // The value keeps the model's output weights; the score begins at zero, which says nothing, and is learned in the repair.
    private static DenseNetwork Cut(ISiteModel model, UnitChoice[] kept)
    {
        var specialist = new DenseNetwork([model.FeatureCount, .. kept.Select(choice => choice.Kept.Count), 2]);
        var parameters = new float[specialist.Parameters.Length];
        for (var i = 0; i < specialist.Layers.Count; i++)
        {
            var (from, to) = (model.Layers[i], specialist.Layers[i]);
            for (var unit = i < kept.Length ? 0 : 1; unit < to.Outputs; unit++)
            {
                var source = i < kept.Length ? kept[i].Kept[unit] : 0;
                for (var input = 0; input < to.Inputs; input++)
                {
                    parameters[to.Offset + (unit * to.Inputs) + input] = from.Row(model.Parameters, source)[i == 0 ? input : kept[i - 1].Kept[input]];
                }

                parameters[to.BiasOffset + unit] = from.Biases(model.Parameters)[source];
            }
        }

        specialist.Load(parameters);
        return specialist;
    }

    private void Repair(DenseNetwork specialist, HeldOutRows rows, PortableRandom random)
    {
        float[][] pool = [.. rows.Positives, .. rows.Negatives];
        var (positive, negative) = ((float)pool.Length / (2 * rows.Positives.Count), -(float)pool.Length / (2 * rows.Negatives.Count));
        var order = new BatchOrder(pool.Length, BatchRows);
        order.Start(random.NextBits());
        specialist.LearningRate = RepairRate;
        for (var step = 0; step < settings.RepairEpochs * order.BatchesPerEpoch; step++)
        {
            var batch = order.Next().ToArray();
            RegionTraining.Step(specialist, [.. batch.Select(row => pool[row])], [.. batch.Select(row => (row < rows.Positives.Count ? positive : negative) / batch.Length)]);
        }
    }
}
