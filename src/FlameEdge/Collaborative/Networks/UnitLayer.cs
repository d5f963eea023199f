namespace FlameEdge.Collaborative.Networks;

/// <summary>Where a layer stands among the parameters: weights [units, inputs], then biases [units]. A unit is a neuron, or a channel of a convolution.</summary>
/// <param name="Inputs">Values that meet in one output: features, or input channels · window².</param>
/// <param name="Outputs">The layer's units.</param>
/// <param name="Offset">Index of the first weight.</param>
/// <param name="Convolution">How the units slide over an image; null where they see the whole sample.</param>
public readonly record struct UnitLayer(int Inputs, int Outputs, int Offset, Convolution? Convolution = null)
{
    /// <summary>Index of the first bias.</summary>
    public int BiasOffset => Offset + (Inputs * Outputs);

    /// <summary>Index behind the last bias.</summary>
    public int End => BiasOffset + Outputs;

    /// <summary>All weights: [units, inputs].</summary>
    public ReadOnlySpan<float> Weights(ReadOnlySpan<float> parameters) => parameters.Slice(Offset, Inputs * Outputs);

    /// <summary>The weights that lead into <paramref name="unit"/>: [inputs].</summary>
    public ReadOnlySpan<float> Row(ReadOnlySpan<float> parameters, int unit) => parameters.Slice(Offset + (unit * Inputs), Inputs);

    /// <summary>The biases: [units].</summary>
    public ReadOnlySpan<float> Biases(ReadOnlySpan<float> parameters) => parameters.Slice(BiasOffset, Outputs);
}

/// <summary>The geometry of a convolution: square windows, stride 1, zeros around; perhaps the largest of every 2 × 2 behind its ReLU.</summary>
/// <param name="Channels">Channels in.</param>
/// <param name="Height">Rows of the image that comes in.</param>
/// <param name="Width">Its columns.</param>
/// <param name="Window">Edge of the window.</param>
/// <param name="Padding">Zeros added at every edge.</param>
/// <param name="IsPooled">True where every 2 × 2 become one; an odd row or column at the end is left out.</param>
public sealed record Convolution(int Channels, int Height, int Width, int Window, int Padding, bool IsPooled)
{
    /// <summary>Rows behind the window.</summary>
    public int High => Height + (2 * Padding) - Window + 1;

    /// <summary>Columns behind the window.</summary>
    public int Wide => Width + (2 * Padding) - Window + 1;

    /// <summary>Rows behind the pooling.</summary>
    public int PooledHigh => IsPooled ? High / 2 : High;

    /// <summary>Columns behind the pooling.</summary>
    public int PooledWide => IsPooled ? Wide / 2 : Wide;
}
