using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Fits an arrived specialist to the target's own rows, because its helper never met some of the classes here and it may fire on them (§5.2, our design).</summary>
public static class Hardening
{
    private const int Half = 16;
    private const float Pull = 0.02f;

    /// <summary>Makes <paramref name="steps"/> steps of balanced logistic loss, pulled towards the packet's values; few positives count less.</summary>
    public static void Apply(Stage stage, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives, int steps, float learningRate, PortableRandom random)
    {
        if (positives.Count == 0 || negatives.Count == 0)
        {
            return;
        }

        var network = stage.Network;
        var anchor = network.Parameters.ToArray();
        var width = positives[0].Length;
        var rows = new float[2 * Half * width];
        var weights = new float[2 * Half];
        weights.AsSpan(0, Half).Fill(Math.Min(1f, positives.Count / 8f) / (2 * Half));
        weights.AsSpan(Half).Fill(-1f / (2 * Half));
        network.LearningRate = learningRate;
        for (var step = 0; step < steps; step++)
        {
            for (var i = 0; i < 2 * Half; i++)
            {
                var pool = i < Half ? positives : negatives;
                pool[random.Below(pool.Count)].CopyTo(rows, i * width);
            }

            BinaryTraining.Step(network, stage.Inputs(rows), weights, Pull, anchor);
        }
    }
}
