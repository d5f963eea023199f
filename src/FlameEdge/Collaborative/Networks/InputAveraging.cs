using System.Numerics.Tensors;

namespace FlameEdge.Collaborative.Networks;

/// <summary>Means over squares of an image, so that a specialist needs a weight per square and not per pixel.</summary>
/// <param name="Channels">Channels of the image; 1 for plain features.</param>
/// <param name="Height">Rows of the image; 1 for plain features.</param>
/// <param name="Width">Columns of the image; the feature count for plain features.</param>
/// <param name="Factor">Edge of a square; 1 passes samples through. Rows and columns that fill no square are left out.</param>
public readonly record struct InputAveraging(int Channels, int Height, int Width, int Factor)
{
    /// <summary>Values of a sample before.</summary>
    public int Inputs => Channels * Height * Width;

    /// <summary>Values of a sample after.</summary>
    public int Outputs => Factor == 1 ? Inputs : Channels * (Height / Factor) * (Width / Factor);

    /// <summary>No averaging of <paramref name="features"/> values.</summary>
    public static InputAveraging None(int features) => new(1, 1, features, 1);

    /// <summary>Averages samples [rows, inputs] into [rows, outputs]; the samples themselves where the factor is 1.</summary>
    public ReadOnlyMemory<float> Apply(ReadOnlyMemory<float> samples)
    {
        if (Factor == 1)
        {
            return samples;
        }

        var averaged = Sums(samples.Span);
        TensorPrimitives.Divide(averaged, Factor * Factor, averaged);
        return averaged;
    }

    /// <summary>Sums over squares: what weights [rows, inputs] become when their inputs are averaged.</summary>
    public float[] Sums(ReadOnlySpan<float> values)
    {
        if (Factor == 1)
        {
            return values.ToArray();
        }

        var sums = new float[values.Length / Inputs * Outputs];
        var planes = values.Length / (Height * Width);
        var (high, wide) = (Height / Factor, Width / Factor);
        for (var plane = 0; plane < planes; plane++)
        {
            for (var y = 0; y < high * Factor; y++)
            {
                for (var x = 0; x < wide * Factor; x++)
                {
                    sums[(((plane * high) + (y / Factor)) * wide) + (x / Factor)] += values[(((plane * Height) + y) * Width) + x];
                }
            }
        }

        return sums;
    }
}
