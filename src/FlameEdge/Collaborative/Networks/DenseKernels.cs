using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlameEdge.Collaborative.Networks;

/// <summary>The two products that dense layers are made of, in blocks that keep their sums in registers.</summary>
/// <remarks>
/// Row by row a dot product reads two values per multiplication; a block of four by two reads six for eight. On the network of the MNIST streams
/// (784-128-64-10) a step takes a fifth of the time. The order of each sum depends on the vector length of the machine and on nothing else.
/// </remarks>
internal static class DenseKernels
{
    private static int Lanes => Vector<float>.Count;

    /// <summary>outputs[r, u] = inputs[r] · weights[u] + biases[u]; inputs [rows, width], weights [units, width], outputs [rows, units].</summary>
    public static void Forward(ReadOnlySpan<float> inputs, ReadOnlySpan<float> weights, ReadOnlySpan<float> biases, Span<float> outputs, int rows, int width)
    {
        var units = biases.Length;
        var (row, pair) = (0, units & ~1);
        for (; row + 4 <= rows; row += 4)
        {
            var four = inputs.Slice(row * width, 4 * width);
            for (var unit = 0; unit < pair; unit += 2)
            {
                DotFourByTwo(four, weights.Slice(unit * width, 2 * width), outputs[((row * units) + unit)..], width, units);
            }
        }

        for (var rest = 0; rest < rows; rest++)
        {
            for (var unit = rest < row ? pair : 0; unit < units; unit++)
            {
                outputs[(rest * units) + unit] = TensorPrimitives.Dot(inputs.Slice(rest * width, width), weights.Slice(unit * width, width));
            }

            var output = outputs.Slice(rest * units, units);
            TensorPrimitives.Add(output, biases, output);
        }
    }

    /// <summary>sums[i] = Σ_k factors[i · stride + k · step] · rows[k]; rows [terms, width], sums [count, width], overwritten.</summary>
    public static void WeightedSums(ReadOnlySpan<float> factors, int stride, int step, ReadOnlySpan<float> rows, int terms, Span<float> sums, int count, int width)
    {
        var (i, blocked) = (0, width - (width % (2 * Lanes)));
        for (; i + 4 <= count; i += 4)
        {
            for (var column = 0; column < blocked; column += 2 * Lanes)
            {
                SumFourByTwo(factors[(i * stride)..], stride, step, rows[column..], terms, sums[((i * width) + column)..], width);
            }
        }

        for (var rest = 0; rest < count; rest++)
        {
            var from = rest < i ? blocked : 0;
            var sum = sums.Slice((rest * width) + from, width - from);
            sum.Clear();
            for (var k = 0; k < terms && sum.Length > 0; k++)
            {
                if (factors[(rest * stride) + (k * step)] is var factor and not 0)
                {
                    TensorPrimitives.MultiplyAdd(rows.Slice((k * width) + from, width - from), factor, sum, sum);
                }
            }
        }
    }

    private static void DotFourByTwo(ReadOnlySpan<float> inputs, ReadOnlySpan<float> weights, Span<float> outputs, int width, int units)
    {
        ref var x = ref MemoryMarshal.GetReference(inputs);
        ref var w = ref MemoryMarshal.GetReference(weights);
        Vector<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        var i = 0;
        for (; i + Lanes <= width; i += Lanes)
        {
            var (first, second) = (At(ref w, i), At(ref w, width + i));
            var input = At(ref x, i);
            (a0, b0) = (Vector.FusedMultiplyAdd(input, first, a0), Vector.FusedMultiplyAdd(input, second, b0));
            input = At(ref x, width + i);
            (a1, b1) = (Vector.FusedMultiplyAdd(input, first, a1), Vector.FusedMultiplyAdd(input, second, b1));
            input = At(ref x, (2 * width) + i);
            (a2, b2) = (Vector.FusedMultiplyAdd(input, first, a2), Vector.FusedMultiplyAdd(input, second, b2));
            input = At(ref x, (3 * width) + i);
            (a3, b3) = (Vector.FusedMultiplyAdd(input, first, a3), Vector.FusedMultiplyAdd(input, second, b3));
        }

        Finish(inputs, weights, outputs, i, width, a0, b0);
        Finish(inputs[width..], weights, outputs[units..], i, width, a1, b1);
        Finish(inputs[(2 * width)..], weights, outputs[(2 * units)..], i, width, a2, b2);
        Finish(inputs[(3 * width)..], weights, outputs[(3 * units)..], i, width, a3, b3);
    }

    private static void Finish(ReadOnlySpan<float> input, ReadOnlySpan<float> weights, Span<float> output, int done, int width, Vector<float> first, Vector<float> second)
    {
        var (a, b) = (Vector.Sum(first), Vector.Sum(second));
        for (var i = done; i < width; i++)
        {
            a += input[i] * weights[i];
            b += input[i] * weights[width + i];
        }

        (output[0], output[1]) = (a, b);
    }

    private static void SumFourByTwo(ReadOnlySpan<float> factors, int stride, int step, ReadOnlySpan<float> rows, int terms, Span<float> sums, int width)
    {
        ref var source = ref MemoryMarshal.GetReference(rows);
        Vector<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        for (var k = 0; k < terms; k++)
        {
            var (first, second) = (At(ref source, k * width), At(ref source, (k * width) + Lanes));
            var factor = new Vector<float>(factors[k * step]);
            (a0, b0) = (Vector.FusedMultiplyAdd(factor, first, a0), Vector.FusedMultiplyAdd(factor, second, b0));
            factor = new Vector<float>(factors[(k * step) + stride]);
            (a1, b1) = (Vector.FusedMultiplyAdd(factor, first, a1), Vector.FusedMultiplyAdd(factor, second, b1));
            factor = new Vector<float>(factors[(k * step) + (2 * stride)]);
            (a2, b2) = (Vector.FusedMultiplyAdd(factor, first, a2), Vector.FusedMultiplyAdd(factor, second, b2));
            factor = new Vector<float>(factors[(k * step) + (3 * stride)]);
            (a3, b3) = (Vector.FusedMultiplyAdd(factor, first, a3), Vector.FusedMultiplyAdd(factor, second, b3));
        }

        Store(a0, b0, sums);
        Store(a1, b1, sums[width..]);
        Store(a2, b2, sums[(2 * width)..]);
        Store(a3, b3, sums[(3 * width)..]);
    }

    private static void Store(Vector<float> first, Vector<float> second, Span<float> sums)
    {
        first.CopyTo(sums);
        second.CopyTo(sums[Lanes..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> At(ref float start, int index) => Vector.LoadUnsafe(ref start, (nuint)index);
}
