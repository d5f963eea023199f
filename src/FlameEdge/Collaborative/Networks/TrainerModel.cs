using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Declared;
using FlameEdge.Parameters;

namespace FlameEdge.Collaborative.Networks;

/// <summary>A model that an engine trains, ONNX Runtime's or torch's, as the own network of a site.</summary>
/// <remarks>Whatever engine: it needs only passes that can be called apart (<see cref="IGradientSource"/>). Owns its trainer. Not thread-safe.</remarks>
public sealed class TrainerModel : ISiteModel
{
    private readonly ITrainer trainer;
    private readonly IGradientPass pass;
    private readonly float trainerRate;
    private readonly float[] parameters;
    private float[] scaled = [];
    private bool isStale = true;

    /// <summary>A site's network over a trainer that has been opened.</summary>
    /// <param name="trainer">Owned. Its optimizer makes the steps: plain or momentum descent, the others do not heed <see cref="LearningRate"/>.</param>
    /// <param name="layers">What can be cut out, from samples to logits; empty for a target that helps nobody.</param>
    /// <param name="featureCount">Values of a sample.</param>
    /// <param name="classCount">Logits of a sample.</param>
    /// <param name="trainerRate">The step length the trainer was opened with.</param>
    /// <exception cref="ModelMismatchException">The trainer shows no passes, or the layers are not the tensors it learns.</exception>
    public TrainerModel(ITrainer trainer, IReadOnlyList<LayerPlace> layers, int featureCount, int classCount, float trainerRate)
    {
        if (trainer is not IGradientSource source)
        {
            throw new ModelMismatchException("a site's network needs a trainer whose passes can be called apart (IGradientSource)");
        }

        (this.trainer, this.trainerRate, FeatureCount, ClassCount) = (trainer, trainerRate, featureCount, classCount);
        LearningRate = trainerRate;
        parameters = new float[trainer.Layout.Length];
        Layers = [.. layers.Select(place => Find(trainer.Layout, place))];
        pass = source.OpenPass([.. layers.SkipLast(1).Select(place => place.Tap ?? throw new ModelMismatchException($"layer '{place.Weight}' names no tap behind its ReLU; every layer but the last has one"))]);
    }

    /// <inheritdoc/>
    public int FeatureCount { get; }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <inheritdoc/>
    /// <remarks>Reached by scaling the gradient that the trainer is given, so that its momentum goes on undisturbed.</remarks>
    public float LearningRate { get; set; }

    /// <inheritdoc/>
    public IReadOnlyList<UnitLayer> Layers { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Parameters
    {
        get
        {
            if (isStale)
            {
                trainer.Save(parameters);
                isStale = false;
            }

            return parameters;
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> ParameterGradients => pass.ParameterGradients;

    /// <summary>A declared model, of which every engine builds the same one: <c>softmax</c>, <c>mlp</c> or <c>lenet</c> with ReLU.</summary>
    /// <exception cref="ModelMismatchException">The model has another activation: specialists are ReLU networks. Or tensors are frozen.</exception>
    public static TrainerModel Of(ITrainer trainer, DeclaredModel model, float trainerRate)
    {
        if (model.Layers.OfType<ActivationLayer>().FirstOrDefault(layer => layer.Function != "relu") is { } other)
        {
            throw new ModelMismatchException($"a {model.Kind} with {other.Function} cannot be cut into specialists, which are ReLU networks: say relu");
        }

        var taps = new Queue<string>((trainer as IGradientSource)?.TapPoints.Where(tap => string.Equals(tap.Kind, "relu", StringComparison.OrdinalIgnoreCase)).Select(tap => tap.Name) ?? []);
        List<LayerPlace> places = [];
        var shape = model.SampleShape;
        foreach (var (layer, index) in model.Layers.Select((layer, index) => (layer, index)))
        {
            if (layer is LinearLayer linear)
            {
                places.Add(new LayerPlace($"{linear.Name}.weight", $"{linear.Name}.bias", taps.TryDequeue(out var tap) ? tap : null));
            }
            else if (layer is ConvolutionLayer convolution)
            {
                var isPooled = model.Layers.ElementAtOrDefault(index + 2) is MaxPoolLayer;
                places.Add(new LayerPlace($"{convolution.Name}.weight", $"{convolution.Name}.bias", taps.TryDequeue(out var tap) ? tap : null)
                {
                    Convolution = new Convolution(shape[0], shape[1], shape[2], convolution.Window, convolution.Padding, isPooled),
                });
            }

            shape = layer.Shape;
        }

        return new TrainerModel(trainer, places, model.SampleShape.Aggregate(1, (product, size) => product * size), model.Layers[^1].Shape[0], trainerRate);
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<float> parameters)
    {
        trainer.Load(parameters);
        isStale = true;
    }

    /// <inheritdoc/>
    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
    {
        if (!samples.IsEmpty)
        {
            pass.Forward(samples, logits);
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Activation(int tap) => pass.Activation(tap);

    /// <inheritdoc/>
    public void Backward(ReadOnlySpan<float> logitGradients) => pass.Backward(logitGradients);

    /// <inheritdoc/>
    public ReadOnlySpan<float> ActivationGradient(int tap) => pass.ActivationGradient(tap);

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> logitGradients)
    {
        if (scaled.Length != logitGradients.Length)
        {
            scaled = new float[logitGradients.Length];
        }

        System.Numerics.Tensors.TensorPrimitives.Multiply(logitGradients, LearningRate / trainerRate, scaled);
        pass.Step(scaled);
        isStale = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pass.Dispose();
        trainer.Dispose();
    }

    private static UnitLayer Find(ParameterLayout layout, LayerPlace place)
    {
        var (weight, bias) = (Entry(layout, place.Weight), Entry(layout, place.Bias));
        var units = weight.Shape.Count > 1 ? weight.Shape[0] : 0;
        if (units == 0 || bias.Length != units || bias.Offset != weight.Offset + weight.Length)
        {
            throw new ModelMismatchException($"'{place.Weight}' [{string.Join(", ", weight.Shape)}] and '{place.Bias}' [{string.Join(", ", bias.Shape)}] are no layer: weights [units, inputs…] are needed with the biases [units] right behind them");
        }

        if (place.Convolution is { } sliding && !weight.Shape.Skip(1).SequenceEqual([sliding.Channels, sliding.Window, sliding.Window]))
        {
            throw new ModelMismatchException($"'{place.Weight}' [{string.Join(", ", weight.Shape)}] is no convolution of {sliding.Channels} channels with windows of {sliding.Window}");
        }

        return new UnitLayer(weight.Length / units, units, weight.Offset, place.Convolution);
    }

    private static ParameterEntry Entry(ParameterLayout layout, string name) => layout.Entries.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ModelMismatchException($"the model learns no tensor '{name}'; it learns {string.Join(", ", layout.Entries.Select(entry => entry.Name))}");
}

/// <summary>A layer of an engine's model by the engine's own names, for modules and files that no declaration describes.</summary>
/// <param name="Weight">Tensor [units, inputs…].</param>
/// <param name="Bias">Tensor [units], right behind it in the layout.</param>
/// <param name="Tap">Tap point of what ReLU makes of it; null for the last layer.</param>
public sealed record LayerPlace(string Weight, string Bias, string? Tap)
{
    /// <summary>Geometry of a convolution; null for a dense layer.</summary>
    public Convolution? Convolution { get; init; }
}
