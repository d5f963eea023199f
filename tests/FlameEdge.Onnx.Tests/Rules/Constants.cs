using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Tests.Rules;

/// <summary>Constants that are nodes, so that no test takes them for weights.</summary>
internal static class Constants
{
    public static Value Floats(this GraphWriter writer, params float[] values) =>
        writer.Op("Constant", [], Attributes.Of("value", Tensors.Of("", [values.Length], values)));

    public static Value Indices(GraphWriter writer, long[] shape, params long[] values) =>
        writer.Op("Constant", [], Attributes.Of("value", Tensors.Of("", shape, values)));
}
