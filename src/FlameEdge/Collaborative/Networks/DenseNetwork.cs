using System.Numerics.Tensors;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Networks;

/// <summary>A multilayer perceptron with ReLU and stochastic gradient descent with momentum, in plain C#: the head of a small site, and every specialist.</summary>
/// <remarks>Not thread-safe. The same seed, rows and steps give the same bits on the same machine. Buffers grow to the largest batch seen and stay.</remarks>
public sealed class DenseNetwork : ISiteModel
{
    private readonly DenseLayer[] _layers;
    private readonly float[] _parameters;
    private readonly float[] _gradients;
    private readonly float[] _velocity;
    private readonly float[][] _outputs;
    private readonly float[][] _outputGradients;
    private ReadOnlyMemory<float> _samples;
    private int _rows;

    /// <summary>A network of all zeros with these <paramref name="widths"/>: features, hidden units…, logits.</summary>
    /// <exception cref="ArgumentException">There are fewer than two widths, or one is below 1.</exception>
    public DenseNetwork(params ReadOnlySpan<int> widths)
    {
        if (widths.Length < 2 || widths.ContainsAnyInRange(int.MinValue, 0))
        {
            throw new ArgumentException($"a network needs at least two widths above 0, not [{string.Join(", ", widths.ToArray())}]", nameof(widths));
        }

        _layers = new DenseLayer[widths.Length - 1];
        var offset = 0;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            _layers[layer] = new DenseLayer(widths[layer], widths[layer + 1], offset);
            offset = _layers[layer].End;
        }

        _parameters = new float[offset];
        _gradients = new float[offset];
        _velocity = new float[offset];
        _outputs = [.. _layers.Select(_ => Array.Empty<float>())];
        _outputGradients = [.. _layers.Select(_ => Array.Empty<float>())];
    }

    /// <inheritdoc/>
    public int FeatureCount => _layers[0].Inputs;

    /// <inheritdoc/>
    public int ClassCount => _layers[^1].Outputs;

    /// <inheritdoc/>
    public float LearningRate { get; set; } = 0.02f;

    /// <summary>Share of the last step that goes on.</summary>
    public float Momentum { get; init; } = 0.9f;

    /// <summary>L2 pull of all parameters to zero, as a part of the gradient.</summary>
    public float WeightDecay { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<DenseLayer> Layers => _layers;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Parameters => _parameters;

    /// <inheritdoc/>
    public ReadOnlySpan<float> ParameterGradients => _gradients;

    /// <summary>A network drawn from <paramref name="seed"/>: weights normal with variance 2 / fan-in, those of the logits times <paramref name="outputScale"/>, biases zero.</summary>
    /// <seealso href="https://arxiv.org/abs/1502.01852">He et al. 2015, equation 10</seealso>
    public static DenseNetwork Drawn(ulong seed, ReadOnlySpan<int> widths, float outputScale = 0.3f, float weightDecay = 0)
    {
        var network = new DenseNetwork(widths) { WeightDecay = weightDecay };
        var random = new PortableRandom(seed);
        foreach (var layer in network._layers)
        {
            var deviation = Math.Sqrt(2.0 / layer.Inputs) * (layer == network._layers[^1] ? outputScale : 1);
            foreach (ref var weight in network._parameters.AsSpan(layer.Offset, layer.Inputs * layer.Outputs))
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
        _velocity.AsSpan().Clear();
    }

    /// <summary>Copies parameters in; the momentum of the steps so far stays.</summary>
    public void Replace(ReadOnlySpan<float> parameters)
    {
        if (parameters.Length != _parameters.Length)
        {
            throw new ArgumentException($"{_parameters.Length} parameters are needed, not {parameters.Length}", nameof(parameters));
        }

        parameters.CopyTo(_parameters);
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
    {
        if (samples.Length % FeatureCount != 0)
        {
            throw new ArgumentException($"{samples.Length} values are no whole rows of {FeatureCount}", nameof(samples));
        }

        _samples = samples;
        _rows = samples.Length / FeatureCount;
        for (var i = 0; i < _layers.Length; i++)
        {
            Compute(i);
        }

        Output(_layers.Length - 1).CopyTo(logits);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Activation(int tap) => Output(tap);

    /// <inheritdoc/>
    public ReadOnlySpan<float> ActivationGradient(int tap) => OutputGradient(tap);

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<float> logitGradients)
    {
        _gradients.AsSpan().Clear();
        Grow(_outputGradients, _layers.Length - 1);
        logitGradients[..(_rows * ClassCount)].CopyTo(OutputGradient(_layers.Length - 1));
        for (var i = _layers.Length - 1; i >= 0; i--)
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
        TensorPrimitives.MultiplyAdd(_parameters, WeightDecay + pull, _gradients, _gradients);
        if (pull != 0)
        {
            TensorPrimitives.MultiplyAdd(anchor, -pull, _gradients, _gradients);
        }

        TensorPrimitives.MultiplyAdd(_velocity, Momentum, _gradients, _velocity);
        TensorPrimitives.MultiplyAdd(_velocity, -LearningRate, _parameters, _parameters);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private Span<float> Output(int layer) => _outputs[layer].AsSpan(0, _rows * _layers[layer].Outputs);

    private Span<float> OutputGradient(int layer) => _outputGradients[layer].AsSpan(0, _rows * _layers[layer].Outputs);

    private void Grow(float[][] buffers, int layer)
    {
        if (buffers[layer].Length < _rows * _layers[layer].Outputs)
        {
            buffers[layer] = new float[_rows * _layers[layer].Outputs];
        }
    }

    private ReadOnlySpan<float> Input(int layer, int row) => layer == 0
        ? _samples.Span.Slice(row * FeatureCount, FeatureCount)
        : Output(layer - 1).Slice(row * _layers[layer].Inputs, _layers[layer].Inputs);

    private void Compute(int index)
    {
        Grow(_outputs, index);
        var layer = _layers[index];
        var outputs = Output(index);
        var biases = layer.Biases(_parameters);
        for (var row = 0; row < _rows; row++)
        {
            var input = Input(index, row);
            var output = outputs.Slice(row * layer.Outputs, layer.Outputs);
            for (var unit = 0; unit < output.Length; unit++)
            {
                output[unit] = TensorPrimitives.Dot(input, layer.Row(_parameters, unit)) + biases[unit];
            }
        }

        if (index < _layers.Length - 1)
        {
            TensorPrimitives.Max(outputs, 0, outputs);
        }
    }

    private void GoBack(int index)
    {
        var layer = _layers[index];
        var weights = _gradients.AsSpan(layer.Offset, layer.Inputs * layer.Outputs);
        var biases = _gradients.AsSpan(layer.BiasOffset, layer.Outputs);
        if (index > 0)
        {
            Grow(_outputGradients, index - 1);
            OutputGradient(index - 1).Clear();
        }

        for (var row = 0; row < _rows; row++)
        {
            var input = Input(index, row);
            var below = index > 0 ? OutputGradient(index - 1).Slice(row * layer.Inputs, layer.Inputs) : [];
            var gradient = OutputGradient(index).Slice(row * layer.Outputs, layer.Outputs);
            for (var unit = 0; unit < gradient.Length; unit++)
            {
                var slope = gradient[unit];
                if (slope == 0 || (index < _layers.Length - 1 && Output(index)[(row * layer.Outputs) + unit] <= 0))
                {
                    continue;
                }

                var into = weights.Slice(unit * layer.Inputs, layer.Inputs);
                TensorPrimitives.MultiplyAdd(input, slope, into, into);
                biases[unit] += slope;
                if (index > 0)
                {
                    TensorPrimitives.MultiplyAdd(layer.Row(_parameters, unit), slope, below, below);
                }
            }
        }
    }
}
