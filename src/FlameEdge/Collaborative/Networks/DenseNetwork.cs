using System.Numerics.Tensors;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Networks;

/// <summary>A multilayer perceptron with ReLU and stochastic gradient descent with momentum, in plain C#: the head of a small site, and every specialist.</summary>
/// <remarks>Not thread-safe. The same seed, rows and steps give the same bits on the same machine. Buffers grow to the largest batch seen and stay.</remarks>
public sealed class DenseNetwork : ISiteModel, IRemembered
{
    private readonly UnitLayer[] layers;
    private readonly float[] parameters;
    private readonly float[] gradients;
    private readonly float[] velocity;
    private readonly float[][] outputs;
    private readonly float[][] outputGradients;
    private float[] live = [];
    private ReadOnlyMemory<float> samples;
    private int rows;

    /// <summary>A network of all zeros with these <paramref name="widths"/>: features, hidden units…, logits.</summary>
    /// <exception cref="ArgumentException">There are fewer than two widths, or one is below 1.</exception>
    public DenseNetwork(params ReadOnlySpan<int> widths)
    {
        if (widths.Length < 2 || widths.ContainsAnyInRange(int.MinValue, 0))
        {
            throw new ArgumentException($"a network needs at least two widths above 0, not [{string.Join(", ", widths.ToArray())}]", nameof(widths));
        }

        layers = new UnitLayer[widths.Length - 1];
        var offset = 0;
        for (var layer = 0; layer < layers.Length; layer++)
        {
            layers[layer] = new UnitLayer(widths[layer], widths[layer + 1], offset);
            offset = layers[layer].End;
        }

        this.parameters = new float[offset];
        gradients = new float[offset];
        velocity = new float[offset];
        this.outputs = [.. layers.Select(_ => Array.Empty<float>())];
        outputGradients = [.. layers.Select(_ => Array.Empty<float>())];
    }

    /// <inheritdoc/>
    public int FeatureCount => layers[0].Inputs;

    /// <inheritdoc/>
    public int ClassCount => layers[^1].Outputs;

    /// <inheritdoc/>
    public float LearningRate { get; set; } = 0.02f;

    /// <summary>Share of the last step that goes on.</summary>
    public float Momentum { get; init; } = 0.9f;

    /// <summary>L2 pull of all parameters to zero, as a part of the gradient.</summary>
    public float WeightDecay { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<UnitLayer> Layers => layers;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Parameters => this.parameters;

    /// <inheritdoc/>
    public ReadOnlySpan<float> ParameterGradients => gradients;

    /// <summary>A network drawn from <paramref name="seed"/>: weights normal with variance 2 / fan-in, those of the logits times <paramref name="outputScale"/>, biases zero.</summary>
    /// <seealso href="https://arxiv.org/abs/1502.01852">He et al. 2015, equation 10</seealso>
    public static DenseNetwork Drawn(ulong seed, ReadOnlySpan<int> widths, float outputScale = 0.3f, float weightDecay = 0)
    {
        var network = new DenseNetwork(widths) { WeightDecay = weightDecay };
        var random = new PortableRandom(seed);
        foreach (var layer in network.layers)
        {
            var deviation = Math.Sqrt(2.0 / layer.Inputs) * (layer == network.layers[^1] ? outputScale : 1);
            foreach (ref var weight in network.parameters.AsSpan(layer.Offset, layer.Inputs * layer.Outputs))
            {
                weight = (float)(deviation * random.Normal());
            }
        }

        return network;
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<float> parameters)
    {
        Replace(parameters);
        velocity.AsSpan().Clear();
    }

    /// <summary>Copies parameters in; the momentum of the steps so far stays.</summary>
    public void Replace(ReadOnlySpan<float> parameters)
    {
        if (parameters.Length != this.parameters.Length)
        {
            throw new ArgumentException($"{this.parameters.Length} parameters are needed, not {parameters.Length}", nameof(parameters));
        }

        parameters.CopyTo(this.parameters);
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
    {
        if (samples.Length % FeatureCount != 0)
        {
            throw new ArgumentException($"{samples.Length} values are no whole rows of {FeatureCount}", nameof(samples));
        }

        this.samples = samples;
        this.rows = samples.Length / FeatureCount;
        for (var i = 0; i < layers.Length; i++)
        {
            Compute(i);
        }

        Output(layers.Length - 1).CopyTo(logits);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Activation(int tap) => Output(tap);

    /// <inheritdoc/>
    public ReadOnlySpan<float> ActivationGradient(int tap) => OutputGradient(tap);

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<float> logitGradients)
    {
        Grow(outputGradients, layers.Length - 1);
        logitGradients[..(this.rows * ClassCount)].CopyTo(OutputGradient(layers.Length - 1));
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            GoBack(i);
        }
    }

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> logitGradients)
    {
        Backward(logitGradients);
        Descend();
    }

    /// <summary>Makes the step for the gradient of the last <see cref="Backward"/>, moved by <paramref name="pull"/> · (parameters − <paramref name="anchor"/>).</summary>
    public void Descend(float pull = 0, ReadOnlySpan<float> anchor = default)
    {
        TensorPrimitives.MultiplyAdd(this.parameters, WeightDecay + pull, gradients, gradients);
        if (pull != 0)
        {
            TensorPrimitives.MultiplyAdd(anchor, -pull, gradients, gradients);
        }

        TensorPrimitives.MultiplyAdd(velocity, Momentum, gradients, velocity);
        TensorPrimitives.MultiplyAdd(velocity, -LearningRate, this.parameters, this.parameters);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Floats(this.parameters);
        writer.Floats(velocity);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        reader.Floats(this.parameters);
        reader.Floats(velocity);
    }

    private Span<float> Output(int layer) => this.outputs[layer].AsSpan(0, this.rows * layers[layer].Outputs);

    private Span<float> OutputGradient(int layer) => outputGradients[layer].AsSpan(0, this.rows * layers[layer].Outputs);

    private void Grow(float[][] buffers, int layer)
    {
        if (buffers[layer].Length < this.rows * layers[layer].Outputs)
        {
            buffers[layer] = new float[this.rows * layers[layer].Outputs];
        }
    }

    private ReadOnlySpan<float> Input(int layer) => layer == 0 ? this.samples.Span : Output(layer - 1);

    private void Compute(int index)
    {
        Grow(this.outputs, index);
        var layer = layers[index];
        var outputs = Output(index);
        DenseKernels.Forward(Input(index), layer.Weights(this.parameters), layer.Biases(this.parameters), outputs, this.rows, layer.Inputs);
        if (index < layers.Length - 1)
        {
            TensorPrimitives.Max(outputs, 0, outputs);
        }
    }

    private void GoBack(int index)
    {
        var layer = layers[index];
        var slopes = index < layers.Length - 1 ? Live(Output(index), OutputGradient(index)) : OutputGradient(index);
        DenseKernels.WeightedSums(slopes, stride: 1, step: layer.Outputs, Input(index), this.rows, gradients.AsSpan(layer.Offset, layer.Inputs * layer.Outputs), layer.Outputs, layer.Inputs);
        var biases = gradients.AsSpan(layer.BiasOffset, layer.Outputs);
        biases.Clear();
        for (var row = 0; row < this.rows; row++)
        {
            TensorPrimitives.Add(biases, slopes.Slice(row * layer.Outputs, layer.Outputs), biases);
        }

        if (index > 0)
        {
            Grow(outputGradients, index - 1);
            DenseKernels.WeightedSums(slopes, stride: layer.Outputs, step: 1, layer.Weights(this.parameters), layer.Outputs, OutputGradient(index - 1), this.rows, layer.Inputs);
        }
    }

    // A unit that is silent hands nothing back: the slope of ReLU there is 0.
    private ReadOnlySpan<float> Live(ReadOnlySpan<float> outputs, ReadOnlySpan<float> slopes)
    {
        live = live.Length < slopes.Length ? new float[slopes.Length] : live;
        for (var i = 0; i < slopes.Length; i++)
        {
            live[i] = outputs[i] > 0 ? slopes[i] : 0;
        }

        return live.AsSpan(0, slopes.Length);
    }
}
