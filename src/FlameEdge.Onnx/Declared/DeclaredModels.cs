using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Declared;

/// <summary>The models that a job declares by kind.</summary>
internal static class DeclaredModels
{
    /// <summary>Builds the model, or reads it from its file.</summary>
    /// <exception cref="ModelMismatchException">There is no such model, or it cannot take such samples.</exception>
    public static ClassifierModel Build(ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        if (classCount < 1 || sampleShape.Count == 0 || sampleShape.Any(size => size < 1))
        {
            throw new ModelMismatchException($"a model needs samples and classes, not [{string.Join(", ", sampleShape)}] and {classCount}");
        }

        return spec.Kind switch
        {
            "softmax" => new LayerStack(sampleShape).Linear("layer1", classCount).ToModel("softmax", Starts.Zero),
            "mlp" => Mlp(spec, sampleShape, classCount),
            "lenet" => LeNet(sampleShape, classCount),
            "onnx" => FileModel.Open(spec, sampleShape, classCount),
            _ => throw new ModelMismatchException($"there is no model of kind '{spec.Kind}': say softmax, mlp, lenet or onnx"),
        };
    }

    private static ClassifierModel Mlp(ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        if (spec.Hidden.Any(width => width < 1))
        {
            throw new ModelMismatchException($"the hidden widths [{string.Join(", ", spec.Hidden)}] of the mlp must be above 0");
        }

        var activation = spec.Activation switch
        {
            "relu" => "Relu",
            "tanh" => "Tanh",
            "sigmoid" => "Sigmoid",
            _ => throw new ModelMismatchException($"there is no activation '{spec.Activation}': say relu, tanh or sigmoid"),
        };
        var stack = new LayerStack(sampleShape);
        for (var layer = 0; layer < spec.Hidden.Count; layer++)
        {
            stack.Linear($"layer{layer + 1}", spec.Hidden[layer]).Activation(activation);
        }

        return stack.Linear($"layer{spec.Hidden.Count + 1}", classCount).ToModel("mlp", Starts.HeNormal);
    }

    // LeCun et al. 1998, figure 2, with today's activation and pooling.
    private static ClassifierModel LeNet(IReadOnlyList<int> sampleShape, int classCount)
    {
        if (sampleShape is not [_, >= 12, >= 12])
        {
            throw new ModelMismatchException($"lenet needs samples [channels, height, width] of at least 12 x 12, not [{string.Join(", ", sampleShape)}]");
        }

        return new LayerStack(sampleShape)
            .Convolution("conv1", 6, window: 5, padding: 2).Activation("Relu").MaxPool()
            .Convolution("conv2", 16, window: 5, padding: 0).Activation("Relu").MaxPool()
            .Linear("fc1", 120).Activation("Relu")
            .Linear("fc2", 84).Activation("Relu")
            .Linear("fc3", classCount)
            .ToModel("lenet", Starts.HeNormal);
    }
}
