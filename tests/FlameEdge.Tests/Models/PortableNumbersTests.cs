using CsCheck;
using FlameEdge.Models;

namespace FlameEdge.Tests.Models;

public class PortableNumbersTests
{
    [Fact]
    public void Functions_agree_with_those_of_the_runtime() =>
        Gen.Double[-50, 50].Sample(x =>
        {
            Assert.Equal(Math.Sin(2 * Math.PI * x), PortableMath.SinTurns(x), 2e-13); // 2πx itself is rounded: 300 × 2⁻⁵³ × a few.
            Assert.Equal(Math.Cos(2 * Math.PI * x), PortableMath.CosTurns(x), 2e-13);
            Assert.Equal(1, PortableMath.Exp(x) / Math.Exp(x), 1e-13);
            Assert.Equal(Math.Log(1e-3 + Math.Abs(x)), PortableMath.Log(1e-3 + Math.Abs(x)), 1e-14);
        });

    [Fact]
    public void Quarter_turns_are_exact() =>
        Assert.Equal([0, 1, 0, -1], Enumerable.Range(0, 4).Select(quarter => PortableMath.SinTurns(quarter / 4.0) + 0));

    [Fact]
    public void The_first_bits_are_those_of_xoshiro_seeded_by_splitmix()
    {
        // SplitMix64 from 0 gives e220a8397b1dcdaf 6e789e6aa1b965f4 06c45d188009454f f88bb8a8724c81ec (its authors' listing);
        // xoshiro256** then returns rotl(s1 * 5, 7) * 9.
        const ulong S1 = 0x6e789e6aa1b965f4;
        var expected = unchecked(System.Numerics.BitOperations.RotateLeft(S1 * 5, 7) * 9);

        Assert.Equal(expected, new PortableRandom().NextBits());
    }

    [Fact]
    public void Normal_numbers_have_their_moments()
    {
        var random = new PortableRandom(5);
        double[] draws = [.. Enumerable.Range(0, 100_000).Select(_ => random.Normal())];

        // Five standard errors: 5/√n, 5·√2/√n and 5·√24/√n.
        Assert.Equal(0, draws.Average(), 0.016);
        Assert.Equal(1, draws.Average(x => x * x), 0.0224);
        Assert.Equal(3, draws.Average(x => x * x * x * x), 0.16);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(2.5)]
    public void Gamma_numbers_have_mean_and_variance_of_their_shape(double shape)
    {
        var random = new PortableRandom(6);
        double[] draws = [.. Enumerable.Range(0, 100_000).Select(_ => Math.Exp(random.LogGamma(shape)))];

        var mean = draws.Average();
        Assert.Equal(shape, mean, 5 * Math.Sqrt(shape / 100_000)); // Five standard errors.
        Assert.Equal(shape, draws.Average(x => (x - mean) * (x - mean)), 0.05 * shape);
    }

    [Fact]
    public void Streams_of_different_keys_differ()
    {
        ulong[] first = [new PortableRandom(1, 2).NextBits(), new PortableRandom(2, 1).NextBits(), new PortableRandom(1).NextBits(), new PortableRandom(1, 2, 0).NextBits()];

        Assert.Equal(4, first.Distinct().Count());
    }

    [Fact]
    public void Bounded_numbers_are_uniform()
    {
        var random = new PortableRandom(9);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
        {
            counts[random.Below(7)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500)); // Five deviations of √(10000 · 6/7).
    }
}
