using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>A dense layer in int8, one half-precision scale per unit: value = scale · byte.</summary>
/// <param name="Inputs">Values in.</param>
/// <param name="Scales">[units]; finite, not negative.</param>
/// <param name="Biases">[units]</param>
/// <param name="Weights">[units, inputs]</param>
public sealed record QuantizedLayer(int Inputs, Half[] Scales, sbyte[] Biases, sbyte[] Weights)
{
    /// <summary>Number of units.</summary>
    public int Units => Scales.Length;

    /// <summary>Quantizes weights [units, inputs] and biases [units], halves to even.</summary>
    public static QuantizedLayer Of(int inputs, ReadOnlySpan<float> weights, ReadOnlySpan<float> biases)
    {
        var (scales, small, tiny) = (new Half[biases.Length], new sbyte[biases.Length], new sbyte[weights.Length]);
        for (var unit = 0; unit < biases.Length; unit++)
        {
            var row = weights.Slice(unit * inputs, inputs);
            scales[unit] = ScaleOf(Math.Max(Math.Abs(biases[unit]), Math.Abs(TensorPrimitives.MaxMagnitude(row))));
            small[unit] = Quantize(biases[unit], scales[unit]);
            QuantizeRow(row, scales[unit], tiny.AsSpan(unit * inputs, inputs));
        }

        return new QuantizedLayer(inputs, scales, small, tiny);
    }

    /// <summary>Writes weights [units, inputs] and then biases [units].</summary>
    public void Restore(Span<float> parameters)
    {
        for (var unit = 0; unit < Units; unit++)
        {
            var scale = (float)Scales[unit];
            for (var i = 0; i < Inputs; i++)
            {
                parameters[(unit * Inputs) + i] = scale * Weights[(unit * Inputs) + i];
            }

            parameters[(Units * Inputs) + unit] = scale * Biases[unit];
        }
    }

    /// <summary>The scale that puts <paramref name="largest"/> at 127; the next half above, so that nothing is cut off.</summary>
    public static Half ScaleOf(float largest)
    {
        var scale = (Half)Math.Min(largest / 127, (float)Half.MaxValue);
        return (float)scale * 127 < largest ? Half.BitIncrement(scale) : scale;
    }

    /// <summary>The nearest byte of a value, held within ±127.</summary>
    public static sbyte Quantize(float value, Half scale) => scale == Half.Zero ? (sbyte)0 : (sbyte)Math.Clamp(MathF.Round(value / (float)scale), -127, 127);

    /// <summary>The nearest bytes of values.</summary>
    public static void QuantizeRow(ReadOnlySpan<float> values, Half scale, Span<sbyte> bytes)
    {
        for (var i = 0; i < values.Length; i++)
        {
            bytes[i] = Quantize(values[i], scale);
        }
    }
}
