using System.Numerics;

namespace FlameEdge.Models;

/// <summary>A seeded generator whose numbers are the same on every platform and in every version: xoshiro256** seeded by SplitMix64.</summary>
/// <remarks>Partitions and generated datasets are part of a job's definition; the generator of the runtime may change under them.</remarks>
/// <seealso href="https://prng.di.unimi.it/">Blackman and Vigna: xoshiro / xoroshiro generators</seealso>
public sealed class PortableRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Starts a stream; different keys give unrelated streams.</summary>
    public PortableRandom(params ReadOnlySpan<ulong> keys)
    {
        var state = 0UL;
        foreach (var key in keys)
        {
            state = SplitMix(ref state) ^ key;
        }

        (_s0, _s1, _s2, _s3) = (SplitMix(ref state), SplitMix(ref state), SplitMix(ref state), SplitMix(ref state));
    }

    /// <summary>Where the stream stands, four numbers: to go on with the same draws after a restart.</summary>
    public (ulong First, ulong Second, ulong Third, ulong Fourth) State
    {
        get => (_s0, _s1, _s2, _s3);
        set => (_s0, _s1, _s2, _s3) = value;
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), in steps of 2⁻⁵³.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Uniform(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Uniform in [0, bound), without bias (Lemire's multiplication with rejection).</summary>
    public int Below(int bound)
    {
        var limit = (ulong)bound;
        var threshold = (0UL - limit) % limit;
        while (true)
        {
            var high = Math.BigMul(NextBits(), limit, out var low);
            if (low >= threshold)
            {
                return (int)high;
            }
        }
    }

    /// <summary>Standard normal (Marsaglia's polar method).</summary>
    public double Normal()
    {
        while (true)
        {
            var x = Uniform(-1, 1);
            var y = Uniform(-1, 1);
            var square = (x * x) + (y * y);
            if (square is > 0 and < 1)
            {
                return x * Math.Sqrt(-2 * PortableMath.Log(square) / square);
            }
        }
    }

    /// <summary>Natural logarithm of a Gamma(shape, 1) number; the logarithm, because for small shapes the number itself underflows.</summary>
    /// <seealso href="https://doi.org/10.1145/358407.358414">Marsaglia and Tsang 2000</seealso>
    public double LogGamma(double shape)
    {
        if (shape < 1)
        {
            return LogGamma(shape + 1) + (PortableMath.Log(1 - NextDouble()) / shape);
        }

        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var root = 1 + (c * x);
            if (root <= 0)
            {
                continue;
            }

            var v = root * root * root;
            if (PortableMath.Log(1 - NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * PortableMath.Log(v)))
            {
                return PortableMath.Log(d) + PortableMath.Log(v);
            }
        }
    }

    /// <summary>Puts the items into a random order (Fisher and Yates).</summary>
    public void Shuffle(Span<int> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
