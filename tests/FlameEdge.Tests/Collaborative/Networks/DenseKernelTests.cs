using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Networks;

/// <summary>Blocks and what is left beside them: sizes around every edge, against sums as one would write them.</summary>
public class DenseKernelTests
{
    // Below, at and above the block of four by two and the vector of any machine up to 512 bits.
    public static TheoryData<int, int, int> Sizes =>
        [.. from first in new[] { 1, 4, 7 } from second in new[] { 1, 2, 5, 8 } from width in new[] { 1, 15, 16, 32, 37 } select (first, second, width)];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_layers_outputs_are_dot_products_and_biases(int rows, int units, int width)
    {
        var (inputs, weights, biases) = (Numbers(rows * width, 1), Numbers(units * width, 2), Numbers(units, 3));
        var outputs = new float[rows * units];

        DenseKernels.Forward(inputs, weights, biases, outputs, rows, width);

        for (var i = 0; i < outputs.Length; i++)
        {
            var (row, unit) = (i / units, i % units);
            var sum = biases[unit] + Enumerable.Range(0, width).Sum(k => (double)inputs[(row * width) + k] * weights[(unit * width) + k]);
            Assert.Equal(sum, outputs[i], 1e-5 * width);
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Weighted_sums_of_rows_run_along_either_side_of_the_factors(int terms, int count, int width)
    {
        var (factors, rows) = (Numbers(terms * count, 4), Numbers(terms * width, 5));
        foreach (var (stride, step) in new[] { (1, count), (terms, 1) })
        {
            var sums = Numbers(count * width, 6);

            DenseKernels.WeightedSums(factors, stride, step, rows, terms, sums, count, width);

            for (var i = 0; i < sums.Length; i++)
            {
                var sum = Enumerable.Range(0, terms).Sum(k => (double)factors[(i / width * stride) + (k * step)] * rows[(k * width) + (i % width)]);
                Assert.Equal(sum, sums[i], 1e-5 * terms);
            }
        }
    }

    private static float[] Numbers(int count, ulong seed)
    {
        var random = new PortableRandom(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)random.Normal())];
    }
}
