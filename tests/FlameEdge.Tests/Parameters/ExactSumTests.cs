using System.Numerics;
using System.Text.Json;
using CsCheck;
using FlameEdge.Parameters;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Parameters;

public class ExactSumTests
{
    private static readonly Gen<float> Value = Gen.Float[-1000f, 1000f];

    [Fact]
    public void A_weighted_mean_worked_by_hand()
    {
        var sum = new ExactSum(2, SumStep.For(4, 8));

        Assert.Equal(SumRefusal.None, sum.Add(1, [1f, -2f]));
        Assert.Equal(SumRefusal.None, sum.Add(3, [5f, 6f]));

        Assert.Equal([4f, 4f], Mean(sum, 2));
    }

    [Fact]
    public void Any_order_and_any_grouping_give_the_same_bits() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 12], Gen.Int).SelectMany((length, clients, seed) =>
                Gen.Select(Value.Array[length].Array[clients], Gen.Long[1, 5000].Array[clients], Gen.Shuffle(Enumerable.Range(0, clients).ToArray())))
            .Sample((vectors, weights, order) =>
            {
                var step = SumStep.For(weights.Sum(), 1000);
                var inOrder = new ExactSum(vectors[0].Length, step);
                var (left, right) = (new ExactSum(vectors[0].Length, step), new ExactSum(vectors[0].Length, step));
                for (var i = 0; i < vectors.Length; i++)
                {
                    inOrder.Add(weights[i], vectors[i]);
                    (i % 2 == 0 ? left : right).Add(weights[order[i]], vectors[order[i]]);
                }

                right.Merge(left);
                return Bits(Mean(inOrder, vectors[0].Length)).SequenceEqual(Bits(Mean(right, vectors[0].Length)));
            });

    [Fact]
    public void Every_vector_path_gives_the_bits_of_the_scalar_one() =>
        Gen.Select(Value.Array[0, 70], Gen.Int[-60, 40]).Sample((values, exponent) =>
        {
            var factor = Math.ScaleB(1.0, -exponent) * 3;
            var limit = Math.ScaleB(1.0, 61) / 1000;
            if (factor > limit)
            {
                return true;
            }

            var expected = new long[values.Length];
            FixedPoint.AccumulateScalar(values, factor, expected);
            return Same(FixedPoint.AccumulateLarge) && (factor * 1000 >= Math.ScaleB(1.0, 51) || Same(AddSmall)) && Same(AsItChooses);

            static int AddSmall(ReadOnlySpan<float> values, double factor, Span<long> sums)
            {
                FixedPoint.AddSmall(values, factor, sums);
                return values.Length;
            }

            static int AsItChooses(ReadOnlySpan<float> values, double factor, Span<long> sums) => FixedPoint.TryAccumulate(values, 1000, factor, sums) ? values.Length : 0;

            bool Same(Accumulate path)
            {
                var sums = new long[values.Length];
                var done = path(values, factor, sums);
                FixedPoint.AccumulateScalar(values.AsSpan(done), factor, sums.AsSpan(done));
                return sums.SequenceEqual(expected);
            }
        });

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(8.5f)]
    [InlineData(-8.5f)]
    public void A_value_beyond_the_announced_range_refuses_the_whole_update(float bad)
    {
        var sum = new ExactSum(3, SumStep.For(10, 8));
        sum.Add(1, [1, 2, 3]);

        Assert.Equal(SumRefusal.ValueOutOfRange, sum.Add(1, [1, bad, 1]));

        Assert.Equal([1f, 2f, 3f], Mean(sum, 3));
    }

    [Fact]
    public void Weights_beyond_the_announced_total_are_refused()
    {
        var sum = new ExactSum(1, SumStep.For(10, 8));

        Assert.Equal(SumRefusal.WeightOutOfRange, sum.Add(11, [1]));
        Assert.Equal(SumRefusal.WeightOutOfRange, sum.Add(0, [1]));
        Assert.Equal(SumRefusal.None, sum.Add(10, [8]));
        Assert.Equal(SumRefusal.WeightOutOfRange, sum.Add(1, [1]));
        Assert.Equal([8f], Mean(sum, 1));
    }

    [Fact]
    public void The_mean_is_rounded_once_against_whole_number_arithmetic() =>
        Gen.Select(Gen.Float[-4f, 4f].Array[3], Gen.Long[1, 100000].Array[3]).Sample((values, weights) =>
        {
            var step = SumStep.For(weights.Sum(), 4);
            var sum = new ExactSum(1, step);
            var total = BigInteger.Zero;
            for (var i = 0; i < 3; i++)
            {
                sum.Add(weights[i], [values[i]]);
                total += new BigInteger(Math.Round(values[i] * (weights[i] * Math.ScaleB(1.0, -step.Exponent))));
            }

            var mean = Mean(sum, 1)[0];
            return IsNearest(mean, total, weights.Sum(), step.Exponent);
        });

    [Fact]
    public void The_mean_of_many_values_is_that_of_each_alone() =>
        Gen.Select(Gen.Int[1, 60].SelectMany(length => Gen.OneOf(Value, Gen.Float[-1e-38f, 1e-38f], Gen.Const(0f), Gen.Int[-9, 9].Select(whole => whole / 8f)).Array[length]), Gen.Long[1, 1_000_000]).Sample((values, weight) =>
        {
            var step = SumStep.For(weight * 4, 1000);
            var (whole, onto) = (new ExactSum(values.Length, step), new float[values.Length]);
            whole.Add(weight, values);
            Array.Fill(onto, 0.25f);
            whole.AddMean(onto, onto);
            var mean = Mean(whole, values.Length);
            return Enumerable.Range(0, values.Length).All(i =>
            {
                var alone = new ExactSum(1, step);
                alone.Add(weight, [values[i]]);
                var expected = Mean(alone, 1)[0];
                return BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(mean[i]) && onto[i] == 0.25f + expected;
            });
        });

    [Fact]
    public void Means_in_or_beside_the_middle_between_two_floats_are_rounded_as_each_alone() =>
        Gen.Select(Gen.Select(Gen.Int[1 << 23, (1 << 24) - 1], Gen.Int[-3, 3], Gen.Bool).Array[24], Gen.Int[1, 1 << 29]).Sample((picks, weight) =>
        {
            // The middle has 25 bits; with the weight and this shift the sum has 53, so that a step more or less is lost in the quotient.
            var shift = Math.Max(0, 27 - (BitOperations.Log2((uint)weight) + 1));
            var sums = picks.Select(pick => (pick.Item3 ? -1 : 1) * ((weight * (((2L * pick.Item1) + 1) << shift)) + pick.Item2)).ToArray();
            var mean = new float[sums.Length];
            FixedPoint.Mean(sums, weight, -40, mean);
            return Enumerable.Range(0, sums.Length).All(i =>
            {
                var alone = new float[1];
                FixedPoint.Mean(sums.AsSpan(i, 1), weight, -40, alone);
                return BitConverter.SingleToInt32Bits(alone[0]) == BitConverter.SingleToInt32Bits(mean[i]) && IsNearest(mean[i], sums[i], weight, -40);
            });
        });

    public static TheoryData<string> GoldenCases()
    {
        var data = new TheoryData<string>();
        foreach (var file in SharedData.IsAbsent ? [] : Directory.GetFiles(SharedData.Path("golden", "algorithms", "exact-sums"), "*.json"))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            foreach (var item in json.RootElement.GetProperty("cases").EnumerateArray())
            {
                data.Add($"{Path.GetFileName(file)}: {item.GetProperty("name").GetString()}");
            }
        }

        if (data.Count == 0)
        {
            data.Add(SharedData.Absent);
        }

        return data;
    }

    /// <summary>
    /// The oracle's mean is exact over the rationals. Ours rounds each term to the step, so it is bit for bit the oracle's where every term is a whole number of
    /// steps, and otherwise within half a step per term (and the last rounding to float32) of it.
    /// </summary>
    [Theory]
    [MemberData(nameof(GoldenCases))]
    [Trait("Category", "Golden")]
    public void Golden_sums(string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var file = name[..name.IndexOf(':', StringComparison.Ordinal)];
        using var json = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("golden", "algorithms", "exact-sums", file)));
        var item = json.RootElement.GetProperty("cases").EnumerateArray().Single(element => $"{file}: {element.GetProperty("name").GetString()}" == name);
        float[][] vectors = [.. item.GetProperty("vectors_float32_hex").EnumerateArray().Select(row => FromHex(row.GetString()!))];
        long[] weights = [.. item.GetProperty("weights").EnumerateArray().Select(weight => weight.ValueKind == JsonValueKind.String ? long.Parse(weight.GetString()!) : weight.GetInt64())];
        var expected = FromHex(item.GetProperty("exact_mean_float32_hex").GetString()!);
        var step = SumStep.For(weights.Sum(), vectors.Max(row => row.Max(Math.Abs)));

        var forward = SumOf(Enumerable.Range(0, vectors.Length));
        var backward = SumOf(Enumerable.Range(0, vectors.Length).Reverse());
        var shuffled = SumOf(Enumerable.Range(0, vectors.Length).OrderBy(i => (i * 7919) % 104729));

        Assert.Equal(Bits(forward), Bits(backward));
        Assert.Equal(Bits(forward), Bits(shuffled));
        for (var i = 0; i < expected.Length; i++)
        {
            if (vectors.Zip(weights).All(pair => IsWholeSteps(pair.First[i], pair.Second, step)))
            {
                Assert.Equal(BitConverter.SingleToInt32Bits(expected[i]), BitConverter.SingleToInt32Bits(forward[i]));
            }
            else
            {
                var bound = (0.5 * vectors.Length * Math.ScaleB(1.0, step.Exponent) / weights.Sum()) + (Math.Abs(expected[i]) * Math.ScaleB(1, -23));
                Assert.InRange(Math.Abs((double)forward[i] - expected[i]), 0, bound);
            }
        }

        float[] SumOf(IEnumerable<int> order)
        {
            var sum = new ExactSum(expected.Length, step);
            foreach (var i in order)
            {
                Assert.Equal(SumRefusal.None, sum.Add(weights[i], vectors[i]));
            }

            return Mean(sum, expected.Length);
        }
    }

    private delegate int Accumulate(ReadOnlySpan<float> values, double factor, Span<long> sums);

    private static bool IsWholeSteps(float value, long weight, SumStep step)
    {
        // value = mantissa · 2^(exponent), exactly.
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (exponent == 0 ? 0 : 1L << 52);
        var product = new BigInteger(mantissa) * weight;
        var shift = (exponent == 0 ? 1 : exponent) - 1075 - step.Exponent;
        return product.GetBitLength() <= 105 && (product.IsZero || shift >= 0 || (product & ((BigInteger.One << -shift) - 1)).IsZero)
            && weight < 1L << 29;
    }

    private static bool IsNearest(float mean, BigInteger sum, long weight, int exponent)
    {
        // |mean − q| must not exceed |neighbour − q| for both neighbours, in units where everything is whole.
        var scale = BigInteger.One << 200;
        var exact = exponent >= 0 ? sum * scale * (BigInteger.One << exponent) : sum * scale / (BigInteger.One << -exponent);
        var distance = BigInteger.Abs((Whole(mean) * weight) - exact);
        return distance <= BigInteger.Abs((Whole(MathF.BitIncrement(mean)) * weight) - exact) + weight
            && distance <= BigInteger.Abs((Whole(MathF.BitDecrement(mean)) * weight) - exact) + weight;

        BigInteger Whole(float value) => new BigInteger(Math.ScaleB(value, 160)) * (BigInteger.One << 40);
    }

    private static float[] Mean(ExactSum sum, int length)
    {
        var mean = new float[length];
        sum.Mean(mean);
        return mean;
    }

    private static int[] Bits(float[] values) => [.. values.Select(BitConverter.SingleToInt32Bits)];

    private static float[] FromHex(string hex) =>
        [.. Enumerable.Range(0, hex.Length / 8).Select(i => BitConverter.Int32BitsToSingle(Convert.ToInt32(hex.Substring(i * 8, 8), 16)))];
}
