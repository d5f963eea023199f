namespace FlameEdge.Collaborative.Networks;

/// <summary>The network of a target that can only be run, not trained: features from below, a head in plain C# on top that learns. Specialists see raw samples beside it.</summary>
/// <remarks>It helps nobody: there are no layers from samples on that could be cut. Owns the backbone. Not thread-safe.</remarks>
public sealed class HeadModel(IBackbone backbone, DenseNetwork head) : ISiteModel
{
    /// <inheritdoc/>
    public int FeatureCount => backbone.SampleSize;

    /// <inheritdoc/>
    public int ClassCount => head.ClassCount;

    /// <inheritdoc/>
    public float LearningRate
    {
        get => head.LearningRate;
        set => head.LearningRate = value;
    }

    /// <inheritdoc/>
    public IReadOnlyList<UnitLayer> Layers => [];

    /// <inheritdoc/>
    public ReadOnlySpan<float> Parameters => head.Parameters;

    /// <inheritdoc/>
    public ReadOnlySpan<float> ParameterGradients => head.ParameterGradients;

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<float> parameters) => head.Load(parameters);

    /// <inheritdoc/>
    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits) => head.Forward(backbone.Apply(samples), logits);

    /// <inheritdoc/>
    public ReadOnlySpan<float> Activation(int tap) => head.Activation(tap);

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<float> logitGradients) => head.Backward(logitGradients);

    /// <inheritdoc/>
    public ReadOnlySpan<float> ActivationGradient(int tap) => head.ActivationGradient(tap);

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> logitGradients) => head.Step(logitGradients);

    /// <inheritdoc/>
    public void Dispose()
    {
        head.Dispose();
        backbone.Dispose();
    }
}
