using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Evaluation;

/// <summary>Finds the float values of a model that have one part per sample, of a shape known before it runs.</summary>
internal static class TapPoints
{
    // With a batch of a large prime, the axis that has just this size counts samples, and an axis that mixes samples with something else is a multiple of it.
    private const int Batch = 7919;

    /// <summary>The tap points of <paramref name="model"/> as it is scored, in the order they are computed.</summary>
    public static IReadOnlyList<TapPoint> Of(ClassifierModel model)
    {
        var fixedBatch = EvaluationForm.Of(model.Graph).Model.Clone();
        var input = fixedBatch.Graph.Input.First(input => input.Name == model.Input);
        input.Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension { DimValue = Batch };
        foreach (var output in fixedBatch.Graph.Output)
        {
            output.Type = null;
        }

        var types = new ForwardGraph(fixedBatch, model.Graph.Name).Types;
        return
        [
            .. fixedBatch.Graph.Node
                .SelectMany(node => node.Output.Where(name => name.Length > 0).Select(name => (node.OpType, Name: name, Type: types.Of(name))))
                .Where(value => value.Type is not null && IsPerSample(value.Type))
                .Select(value => new TapPoint(value.Name, value.OpType, [.. value.Type!.Dimensions.Skip(1)])),
        ];
    }

    private static bool IsPerSample(TensorInfo type) =>
        type is { Type: TensorElementType.Float, Dimensions: [Batch, ..] } && type.Dimensions.Skip(1).All(size => size >= 0 && (size == 0 || size % Batch != 0));
}
