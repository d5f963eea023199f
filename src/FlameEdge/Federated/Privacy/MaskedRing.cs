namespace FlameEdge.Federated.Privacy;

/// <summary>The whole numbers mod 2^32 or 2^64 in which masked updates are added: a value becomes round(value · 2^f), ties to even, as two's complement.</summary>
/// <seealso href="https://doi.org/10.1145/3133956.3133982">Bonawitz et al. 2017, section 4: values in Z_R</seealso>
public sealed class MaskedRing
{
    /// <param name="modulusBits">32 or 64.</param>
    /// <param name="fractionBits">f, in 0..modulusBits − 2.</param>
    public MaskedRing(int modulusBits, int fractionBits)
    {
        if (modulusBits is not (32 or 64))
        {
            throw new ArgumentOutOfRangeException(nameof(modulusBits), modulusBits, "must be 32 or 64");
        }

        if (fractionBits < 0 || fractionBits > modulusBits - 2)
        {
            throw new ArgumentOutOfRangeException(nameof(fractionBits), fractionBits, $"must be in 0..{modulusBits - 2}");
        }

        (ModulusBits, FractionBits) = (modulusBits, fractionBits);
    }

    /// <summary>32 or 64.</summary>
    public int ModulusBits { get; }

    /// <summary>f.</summary>
    public int FractionBits { get; }

    private ulong Mask => ModulusBits == 64 ? ulong.MaxValue : uint.MaxValue;

    /// <summary>The largest magnitude that many clients may each send, so that their sum cannot wrap round and be read as another.</summary>
    public double LargestValue(int clients)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clients);

        // One step is given up to the rounding of each value.
        return Math.ScaleB((Math.ScaleB(1, ModulusBits - 1) / clients) - 1, -FractionBits);
    }

    /// <summary>Writes values as numbers of the ring.</summary>
    /// <param name="values">Finite, of magnitude at most <see cref="LargestValue"/> of the clients.</param>
    /// <param name="clients">How many are added.</param>
    /// <param name="encoded">As long as the values.</param>
    /// <exception cref="ArgumentException">A value is not finite or too large: a sum with it could not be told from another.</exception>
    public void Encode(ReadOnlySpan<float> values, int clients, Span<ulong> encoded)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(encoded.Length, values.Length, nameof(encoded));
        var limit = LargestValue(clients);
        if (!(Parameters.ParameterMath.LargestMagnitude(values) <= limit))
        {
            throw new ArgumentException($"a value is not finite or beyond ±{limit:G4}, the largest that {clients} clients can add with {FractionBits} fraction bits; clip it, or use fewer bits", nameof(values));
        }

        for (var i = 0; i < values.Length; i++)
        {
            encoded[i] = (ulong)(long)Math.Round(Math.ScaleB(values[i], FractionBits), MidpointRounding.ToEven) & Mask;
        }
    }

    /// <summary>Reads a sum as signed values.</summary>
    public void Decode(ReadOnlySpan<ulong> sum, Span<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, sum.Length, nameof(values));
        for (var i = 0; i < sum.Length; i++)
        {
            var signed = ModulusBits == 64 ? (long)sum[i] : (int)(uint)sum[i];
            values[i] = Math.ScaleB((double)signed, -FractionBits);
        }
    }

    /// <summary>target += values.</summary>
    public void Add(ReadOnlySpan<ulong> values, Span<ulong> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, target.Length, nameof(values));
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = (target[i] + values[i]) & Mask;
        }
    }

    /// <summary>target −= values.</summary>
    public void Subtract(ReadOnlySpan<ulong> values, Span<ulong> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, target.Length, nameof(values));
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = (target[i] - values[i]) & Mask;
        }
    }

    /// <summary>Client <paramref name="own"/>'s side of the mask it shares with <paramref name="other"/>: the lower one adds it, the higher one subtracts it.</summary>
    public void ApplyPair(int own, int other, ReadOnlySpan<ulong> mask, Span<ulong> target)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(own, other);
        if (own < other)
        {
            Add(mask, target);
        }
        else
        {
            Subtract(mask, target);
        }
    }
}
