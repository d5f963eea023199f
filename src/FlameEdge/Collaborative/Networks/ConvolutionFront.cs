using System.Numerics.Tensors;

namespace FlameEdge.Collaborative.Networks;

/// <summary>The kept channels of a helper's convolutions, in plain C#: images in, features for a specialist out. They stay as they were sent.</summary>
/// <remarks>Channels serve many classes and were learned on many rows; a target gains little by moving them, and needs no backward pass through them. Immutable.</remarks>
public sealed class ConvolutionFront
{
    private readonly float[] parameters;

    /// <summary>Convolutions one after the other, the image of each being what the one before gives.</summary>
    /// <exception cref="ArgumentException">There is none, or their sizes do not follow each other.</exception>
    public ConvolutionFront(IReadOnlyList<UnitLayer> layers, float[] parameters)
    {
        if (layers.Count == 0 || layers.Any(layer => layer.Convolution is null) || layers[^1].End != parameters.Length)
        {
            throw new ArgumentException("a front needs convolutions, and their parameters one after the other", nameof(layers));
        }

        (Layers, this.parameters) = (layers, parameters);
    }

    /// <summary>The convolutions.</summary>
    public IReadOnlyList<UnitLayer> Layers { get; }

    /// <summary>Their parameters, in the order of <see cref="Layers"/>.</summary>
    public ReadOnlySpan<float> Parameters => parameters;

    /// <summary>Values of a sample.</summary>
    public int Inputs => Layers[0].Convolution!.Channels * Layers[0].Convolution!.Height * Layers[0].Convolution!.Width; // All are convolutions.

    /// <summary>Features of a sample: channels · rows · columns.</summary>
    public int Outputs => Layers[^1].Outputs * Layers[^1].Convolution!.PooledHigh * Layers[^1].Convolution!.PooledWide;

    /// <summary>Multiplications for one sample.</summary>
    public long Work => Layers.Sum(layer => (long)layer.Outputs * layer.Inputs * layer.Convolution!.High * layer.Convolution.Wide);

    /// <summary>Turns samples [rows, inputs] into features [rows, outputs].</summary>
    public ReadOnlyMemory<float> Apply(ReadOnlyMemory<float> samples)
    {
        var rows = samples.Length / Inputs;
        var features = new float[rows * Outputs];
        for (var row = 0; row < rows; row++)
        {
            var image = samples.Slice(row * Inputs, Inputs).ToArray();
            foreach (var layer in Layers)
            {
                image = Slide(layer, layer.Convolution!, image);
            }

            image.CopyTo(features, row * Outputs);
        }

        return features;
    }

    // image: [channels, height, width]; gives [units, rows, columns] behind ReLU and pooling.
    private float[] Slide(UnitLayer layer, Convolution shape, float[] image)
    {
        var outputs = new float[layer.Outputs * shape.PooledHigh * shape.PooledWide];
        var plane = new float[shape.High * shape.Wide];
        for (var unit = 0; unit < layer.Outputs; unit++)
        {
            plane.AsSpan().Fill(layer.Biases(parameters)[unit]);
            Gather(layer.Row(parameters, unit), shape, image, plane);
            TensorPrimitives.Max(plane, 0, plane);
            Pool(shape, plane, outputs.AsSpan(unit * shape.PooledHigh * shape.PooledWide));
        }

        return outputs;
    }

    // Adds every weight times the part of the image that it meets, row by row.
    private static void Gather(ReadOnlySpan<float> weights, Convolution shape, float[] image, float[] plane)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            var channel = i / (shape.Window * shape.Window);
            var (down, right) = (((i / shape.Window) % shape.Window) - shape.Padding, (i % shape.Window) - shape.Padding);
            var (left, end) = (Math.Max(0, -right), Math.Min(shape.Wide, shape.Width - right));
            for (var y = Math.Max(0, -down); y < Math.Min(shape.High, shape.Height - down) && left < end; y++)
            {
                var from = image.AsSpan((((channel * shape.Height) + y + down) * shape.Width) + left + right, end - left);
                var to = plane.AsSpan((y * shape.Wide) + left, end - left);
                TensorPrimitives.MultiplyAdd(from, weights[i], to, to);
            }
        }
    }

    private static void Pool(Convolution shape, float[] plane, Span<float> outputs)
    {
        if (!shape.IsPooled)
        {
            plane.CopyTo(outputs);
            return;
        }

        for (var y = 0; y < shape.PooledHigh; y++)
        {
            for (var x = 0; x < shape.PooledWide; x++)
            {
                var corner = (2 * y * shape.Wide) + (2 * x);
                outputs[(y * shape.PooledWide) + x] = Math.Max(Math.Max(plane[corner], plane[corner + 1]), Math.Max(plane[corner + shape.Wide], plane[corner + shape.Wide + 1]));
            }
        }
    }
}
