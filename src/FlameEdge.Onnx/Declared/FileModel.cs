using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Gradients;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Topology;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Declared;

/// <summary>A classifier read from a forward ONNX file, made to fit the samples: its batch becomes open, its other sizes known.</summary>
internal static class FileModel
{
    /// <summary>Opens the file that <paramref name="spec"/> names.</summary>
    /// <exception cref="ModelMismatchException">The file cannot be understood, or is no classifier for such samples; the message says why.</exception>
    public static ClassifierModel Open(ModelSpec spec, IReadOnlyList<int> sampleShape, int classCount)
    {
        var path = spec.Path ?? throw new ModelMismatchException("a model of kind onnx needs the path of its file");
        var graph = new ForwardGraph(ModelFile.Read(path), Path.GetFileName(path));
        var input = InputOf(graph);
        var shape = FitInput(graph, input, sampleShape);
        var logits = LogitsOf(graph);
        var weights = TrainableTensors.Of(graph);
        if (weights.Count == 0)
        {
            throw new ModelMismatchException($"{graph.Name} stores no weights that could be trained");
        }

        var frozen = FrozenTensors.Of(spec, weights);
        var trainables = weights.Where(name => !frozen.Contains(name)).ToList();

        // Before the runtime looks: a list of all operators in the way says more than its first complaint.
        _ = new GradientPath(graph.Graph, graph.Name, trainables, [logits], []);
        CheckLogits(graph, logits, classCount);
        return new ClassifierModel(graph, input.Name, shape, logits, trainables, Starts.Stored(graph));
    }

    private static ValueInfoProto InputOf(ForwardGraph graph)
    {
        if (graph.Graph.Input.Count != 1)
        {
            throw new ModelMismatchException($"{graph.Name} must have one input, not {graph.Graph.Input.Count}: {Names(graph.Graph.Input)}");
        }

        var input = graph.Graph.Input[0];
        var type = (DataType)(input.Type?.TensorType?.ElemType ?? 0);
        return type == DataType.Float
            ? input
            : throw new ModelMismatchException($"{graph.Name}: samples are float32, but the input '{input.Name}' is {type}");
    }

    private static List<int> FitInput(ForwardGraph graph, ValueInfoProto input, IReadOnlyList<int> sampleShape)
    {
        var stated = input.Type.TensorType.Shape?.Dim.Skip(1).ToList();
        var shape = stated is null || Fits(stated, sampleShape) ? [.. sampleShape] : Reinterpreted(stated, sampleShape);
        if (shape is null)
        {
            var text = string.Join(", ", stated!.Select(size => size.HasDimValue ? $"{size.DimValue}" : "?"));
            throw new ModelMismatchException($"{graph.Name}: samples are [{string.Join(", ", sampleShape)}], but the input '{input.Name}' takes [{text}]");
        }

        input.Type = GraphWriter.ValueInfo(input.Name, DataType.Float, ["N", .. shape.Cast<object>()]).Type;
        foreach (var output in graph.Graph.Output)
        {
            // What the file says of them was true of its own batch; it is inferred again.
            output.Type = null;
        }

        return shape;
    }

    private static bool Fits(List<TensorShapeProto.Types.Dimension> stated, IReadOnlyList<int> sampleShape) =>
        stated.Count == sampleShape.Count && stated.Zip(sampleShape, (size, own) => !size.HasDimValue || size.DimValue == own).All(fits => fits);

    // A flat row and an image of as many values are the same numbers in the same order.
    private static List<int>? Reinterpreted(List<TensorShapeProto.Types.Dimension> stated, IReadOnlyList<int> sampleShape)
    {
        var isKnown = stated.Count > 0 && stated.All(size => size.HasDimValue && size.DimValue is > 0 and <= int.MaxValue);
        if (!isKnown || (stated.Count > 1 && sampleShape.Count > 1))
        {
            return null;
        }

        var count = stated.Aggregate(1.0, (product, size) => product * size.DimValue);
        return count == sampleShape.Aggregate(1.0, (product, size) => product * size) ? [.. stated.Select(size => (int)size.DimValue)] : null;
    }

    private static string LogitsOf(ForwardGraph graph)
    {
        var outputs = graph.Answers;
        return outputs.Count == 1 || outputs.Any(output => output.Name == "logits")
            ? outputs.FirstOrDefault(output => output.Name == "logits", outputs[0]).Name
            : throw new ModelMismatchException($"{graph.Name} must have one output, or one named 'logits', not {Names(outputs)}");
    }

    private static void CheckLogits(ForwardGraph graph, string logits, int classCount)
    {
        if (MakerOf(logits, graph) is { OpType: "Softmax" })
        {
            throw new ModelMismatchException($"{graph.Name}: '{logits}' are probabilities; export the model without its last Softmax");
        }

        switch (graph.Types.Of(logits))
        {
            case { Dimensions: [>= 0 and var rows, _] }:
                throw new ModelMismatchException($"{graph.Name} only works for batches of {rows} rows; export it with an open batch axis");
            case { Dimensions: [_, var width] } when width == classCount:
                return;
            case var other:
                var text = other is null ? "of unknown shape" : $"[{string.Join(", ", other.Dimensions.Select(size => size < 0 ? "N" : $"{size}"))}]";
                throw new ModelMismatchException($"{graph.Name}: the output '{logits}' must be [N, {classCount}], one logit per class, but is {text}");
        }
    }

    // Softmax of an older operator set is followed by a change of shape.
    private static NodeProto? MakerOf(string value, ForwardGraph graph)
    {
        var maker = graph.Graph.Node.LastOrDefault(node => node.Output.Contains(value));
        return maker is { OpType: "Reshape", Input: [var shaped, ..] } ? graph.Graph.Node.LastOrDefault(node => node.Output.Contains(shaped)) : maker;
    }

    private static string Names(IEnumerable<ValueInfoProto> values) => string.Join(", ", values.Select(value => $"'{value.Name}'"));
}
