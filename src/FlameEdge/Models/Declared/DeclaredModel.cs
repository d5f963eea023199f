using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Models.Declared;

/// <summary>A model that a job declares by kind: its layers, its tensors and its start. Every engine builds the same one, so that their trainers meet in one job.</summary>
public sealed class DeclaredModel
{
    // Frozen layers are the same on every device without ever being sent.
    private const ulong FrozenSeed = 0;
    private static readonly string[] s_activations = ["relu", "tanh", "sigmoid"];

    private DeclaredModel(ModelSpec spec, IReadOnlyList<int> sampleShape, IReadOnlyList<Layer> layers)
    {
        Kind = spec.Kind;
        SampleShape = sampleShape;
        Layers = layers;
        Tensors = ParameterLayout.Of(layers.SelectMany(TensorsOf));
        var frozen = FrozenTensors.Of(spec, [.. Tensors.Entries.Select(entry => entry.Name)]);
        Layout = ParameterLayout.Of(Tensors.Entries
            .Where(entry => !frozen.Contains(entry.Name))
            .Select(entry => (entry.Name, entry.Shape, entry.Kind)));
    }

    /// <summary><c>softmax</c>, <c>mlp</c> or <c>lenet</c>.</summary>
    public string Kind { get; }

    /// <summary>Dimensions of one sample.</summary>
    public IReadOnlyList<int> SampleShape { get; }

    /// <summary>The layers from samples to logits.</summary>
    public IReadOnlyList<Layer> Layers { get; }

    /// <summary>All tensors, the frozen ones included.</summary>
    public ParameterLayout Tensors { get; }

    /// <summary>The tensors that are learned.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>True where <paramref name="spec"/> is declared by kind rather than read from a file or a program.</summary>
    public static bool IsDeclared(ModelSpec spec) => spec.Kind is "softmax" or "mlp" or "lenet";

    /// <summary>The model that <paramref name="spec"/> declares for such samples and so many classes.</summary>
    /// <exception cref="ModelMismatchException">There is no such model, or it cannot take such samples.</exception>
    public static DeclaredModel Of(ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        if (classCount < 1 || sampleShape.Count == 0 || sampleShape.Any(size => size < 1))
        {
            throw new ModelMismatchException($"a model needs samples and classes, not [{string.Join(", ", sampleShape)}] and {classCount}");
        }

        var stack = new LayerStack(sampleShape);
        switch (spec.Kind)
        {
            case "softmax":
                stack.Linear("layer1", classCount);
                break;
            case "mlp":
                Mlp(stack, spec, classCount);
                break;
            case "lenet":
                LeNet(stack, sampleShape, classCount);
                break;
            default:
                throw new ModelMismatchException($"there is no declared model of kind '{spec.Kind}': say softmax, mlp or lenet");
        }

        return new DeclaredModel(spec, sampleShape, stack.Layers);
    }

    /// <summary>Writes the first values of what is learned: zeros for a softmax regression, where the loss is convex; else weights normal with variance 2 / fan-in, biases zero.</summary>
    /// <seealso href="https://arxiv.org/abs/1502.01852">He et al. 2015, equation 10</seealso>
    public void Initialize(ulong seed, Span<float> parameters) => Draw(seed, Layout, parameters);

    /// <summary>The values of all tensors that engines start from: frozen ones hold these for ever.</summary>
    public ParameterSet Start()
    {
        var start = new ParameterSet(Tensors);
        Draw(FrozenSeed, Tensors, start.Values);
        return start;
    }

    private void Draw(ulong seed, ParameterLayout layout, Span<float> values)
    {
        values.Clear();
        if (Kind == "softmax")
        {
            return;
        }

        var generator = new PortableRandom(seed);
        foreach (var entry in layout.Entries.Where(entry => entry.Shape.Count > 1))
        {
            // Weights are [outputs, inputs…]: all but the first dimension meet one output.
            var deviation = Math.Sqrt(2.0 / (entry.Length / entry.Shape[0]));
            foreach (ref var value in values.Slice(entry.Offset, entry.Length))
            {
                value = (float)(deviation * generator.Normal());
            }
        }
    }

    private static void Mlp(LayerStack stack, ModelSpec spec, int classCount)
    {
        if (spec.Hidden.Any(width => width < 1))
        {
            throw new ModelMismatchException($"the hidden widths [{string.Join(", ", spec.Hidden)}] of the mlp must be above 0");
        }

        if (!s_activations.Contains(spec.Activation))
        {
            throw new ModelMismatchException($"there is no activation '{spec.Activation}': say {string.Join(", ", s_activations)}");
        }

        for (var layer = 0; layer < spec.Hidden.Count; layer++)
        {
            stack.Linear($"layer{layer + 1}", spec.Hidden[layer]).Activation(spec.Activation);
        }

        stack.Linear($"layer{spec.Hidden.Count + 1}", classCount);
    }

    // LeCun et al. 1998, figure 2, with today's activation and pooling.
    private static void LeNet(LayerStack stack, IReadOnlyList<int> sampleShape, int classCount)
    {
        if (sampleShape is not [_, >= 12, >= 12])
        {
            throw new ModelMismatchException($"lenet needs samples [channels, height, width] of at least 12 x 12, not [{string.Join(", ", sampleShape)}]");
        }

        stack
            .Convolution("conv1", 6, window: 5, padding: 2).Activation("relu").MaxPool()
            .Convolution("conv2", 16, window: 5, padding: 0).Activation("relu").MaxPool()
            .Linear("fc1", 120).Activation("relu")
            .Linear("fc2", 84).Activation("relu")
            .Linear("fc3", classCount);
    }

    private static IEnumerable<(string Name, IReadOnlyList<int> Shape, ParameterKind Kind)> TensorsOf(Layer layer) => layer switch
    {
        LinearLayer linear => Pair(linear.Name, [linear.Outputs, linear.Inputs]),
        ConvolutionLayer convolution => Pair(convolution.Name, [convolution.Shape[0], convolution.Inputs, convolution.Window, convolution.Window]),
        _ => [],
    };

    private static IEnumerable<(string Name, IReadOnlyList<int> Shape, ParameterKind Kind)> Pair(string name, int[] shape) =>
        [($"{name}.weight", shape, ParameterKind.Trainable), ($"{name}.bias", [shape[0]], ParameterKind.Trainable)];
}
