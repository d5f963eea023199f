using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Tests.Rules;

/// <summary>One operator in one shape of use.</summary>
/// <param name="Sample">Dimensions of a sample of its input.</param>
/// <param name="Build">Appends the operator to z, float32 [N, …<paramref name="Sample"/>].</param>
/// <param name="Opset">The operator set it is written for.</param>
internal sealed record RuleCase(long[] Sample, Func<GraphWriter, Value, Value> Build, long Opset = 17);

/// <summary>What no golden case covers: later operator sets, further operators, shape variants.</summary>
internal static class RuleCases
{
    public static IReadOnlyDictionary<string, RuleCase> All { get; } = Activations()
        .Concat(Arithmetic()).Concat(Reductions()).Concat(Indexing()).Concat(Windows()).Concat(Normalizations()).Concat(Products())
        .ToDictionary(pair => pair.Name, pair => pair.Case, StringComparer.Ordinal);

    private static IEnumerable<(string Name, RuleCase Case)> Activations()
    {
        foreach (var type in new[] { "Selu", "Celu", "ThresholdedRelu", "HardSwish", "Softsign", "Elu", "LeakyRelu", "HardSigmoid" })
        {
            yield return (type, Elementwise(type));
        }

        yield return ("Mish", Elementwise("Mish", opset: 18));
        yield return ("Gelu", Elementwise("Gelu", opset: 20));
        yield return ("Gelu-tanh", new([3, 4], (w, z) => w.Op("Gelu", [z], Attributes.Of("approximate", "tanh")), 20));
        yield return ("Celu-alpha", new([3, 4], (w, z) => w.Op("Celu", [z], Attributes.Of("alpha", 0.6f))));
        yield return ("Selu-own", new([3, 4], (w, z) => w.Op("Selu", [z], Attributes.Of("alpha", 1.2f), Attributes.Of("gamma", 0.7f))));
        yield return ("PRelu-channel", new([3, 4], (w, z) => w.Op("PRelu", z, ModelBytes.Weight(w, 3, 1))));
        yield return ("PRelu-scalar", new([3, 4], (w, z) => w.Op("PRelu", z, ModelBytes.Weight(w, 1))));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Arithmetic()
    {
        foreach (var type in new[] { "Sin", "Cos", "Sinh", "Cosh", "Atan", "Asinh" })
        {
            yield return (type, Elementwise(type));
        }

        foreach (var type in new[] { "Asin", "Acos", "Atanh", "Tan" })
        {
            yield return (type, new([3, 4], (w, z) => w.Op(type, 0.3f * z)));
        }

        yield return ("Acosh", new([3, 4], (w, z) => w.Op("Acosh", (z * z) + 1.5f)));
        foreach (var type in new[] { "Sum", "Mean", "Max", "Min" })
        {
            yield return (type, new([3, 4], (w, z) => w.Op(type, z, ModelBytes.Weight(w, 4), ModelBytes.Weight(w, 3, 1))));
            yield return ($"{type}-one", new([3, 4], (w, z) => w.Op(type, z)));
        }

        yield return ("CastLike", new([3, 4], (w, z) => 2 * w.Op("CastLike", z, w.Scalar(0))));
        yield return ("double-inside", new([3, 4], (w, z) =>
            Cast(w, w.Op("ReduceMean", [w.Op("Sigmoid", Cast(w, z, DataType.Double)).Exp()], Attributes.Of("axes", [1L])), DataType.Float)));
        yield return ("float16-between", new([3, 4], (w, z) => Cast(w, Cast(w, 0 * z, DataType.Float16), DataType.Float) + (z * z)));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Reductions()
    {
        foreach (var type in new[] { "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp" })
        {
            foreach (var keep in new[] { 0L, 1 })
            {
                yield return ($"{type}-13-keep{keep}", new([3, 4], (w, z) => w.Op(type, [z], Attributes.Of("axes", [2L]), Attributes.Of("keepdims", keep)), 13));
                yield return ($"{type}-18-keep{keep}", new([3, 4], (w, z) => w.Op(type, [z, w.Integers(-1, 1)], Attributes.Of("keepdims", keep)), 18));
            }

            yield return ($"{type}-21-all", new([3, 4], (w, z) => w.Op(type, [z], Attributes.Of("keepdims", 0)), 21));
        }

        yield return ("ReduceSum-21", new([3, 4], (w, z) => w.Op("ReduceSum", [z * z, w.Integers(2)], Attributes.Of("keepdims", 0)), 21));
        yield return ("ReduceSum-empty-axes", new([3, 4], (w, z) => w.Op("ReduceSum", [z * z, w.Integers()], Attributes.Of("keepdims", 0))));
        yield return ("ReduceLogSum", new([3, 4], (w, z) => w.Op("ReduceLogSum", [z * z], Attributes.Of("axes", [1L]))));
        yield return ("CumSum", new([3, 4], (w, z) => w.Op("CumSum", z, w.Integer(2))));
        yield return ("CumSum-exclusive-reverse", new([3, 4], (w, z) => w.Op("CumSum", [z, w.Integer(1)], Attributes.Of("exclusive", 1), Attributes.Of("reverse", 1))));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Indexing()
    {
        yield return ("Split-13", new([3, 5], (w, z) => Parts(w, w.Op("Split", 2, [z, w.Integers(2, 3)], Attributes.Of("axis", 2))), 13));
        yield return ("Split-18-count", new([3, 5], (w, z) => Parts(w, w.Op("Split", 2, [z], Attributes.Of("axis", 2), Attributes.Of("num_outputs", 2))), 18));
        yield return ("Split-21-negative-axis", new([3, 4], (w, z) => Parts(w, w.Op("Split", 2, [z], Attributes.Of("axis", -1), Attributes.Of("num_outputs", 2))), 21));
        yield return ("Split-one-part-unread", new([3, 4], (w, z) => w.Op("Split", 2, [z], Attributes.Of("axis", -1))[1]));
        yield return ("Pad-13", new([3, 4], (w, z) => w.Op("Pad", z, w.Integers(0, 1, 2, 0, 0, 1), w.Scalar(3)), 13));
        yield return ("Pad-18-axes", new([3, 4], (w, z) => w.Op("Pad", z, w.Integers(2, -1), default, w.Integers(2)), 18));
        yield return ("Pad-21-wrap", new([3, 4], (w, z) => w.Op("Pad", [z, w.Integers(2, 1), default, w.Integers(-1)], Attributes.Of("mode", "wrap")), 21));
        yield return ("Pad-18-edge", new([3, 4], (w, z) => w.Op("Pad", [z, w.Integers(0, 1, 2, 0, 0, 1)], Attributes.Of("mode", "edge")), 18));
        yield return ("Tile", new([3, 4], (w, z) => w.Op("Tile", z, w.Integers(1, 2, 3))));
        yield return ("GatherElements", new([3, 4], (w, z) => w.Op("GatherElements", [z.Reshape(2, 12), Constants.Indices(w, [2, 3], 1, 1, 5, 0, 7, 7)], Attributes.Of("axis", 1))));
        yield return ("GatherND", new([3, 4], (w, z) => w.Op("GatherND", z, Constants.Indices(w, [3, 2], 0, 1, 1, 2, 0, 1))));
        yield return ("ScatterElements", new([3, 4], (w, z) =>
            w.Op("ScatterElements", [z.Reshape(2, 12), Constants.Indices(w, [2, 2], 1, 4, 5, 0), ModelBytes.Weight(w, 2, 2)], Attributes.Of("axis", 1))));
        yield return ("ScatterElements-add", new([3, 4], (w, z) => w.Op(
            "ScatterElements",
            [z.Reshape(2, 12), Constants.Indices(w, [2, 2], 1, 1, 5, 0), ModelBytes.Weight(w, 2, 2)],
            Attributes.Of("axis", 1),
            Attributes.Of("reduction", "add"))));
        yield return ("ScatterND", new([3, 4], (w, z) => w.Op("ScatterND", z, Constants.Indices(w, [2, 2], 0, 1, 1, 2), ModelBytes.Weight(w, 2, 4))));
        yield return ("Trilu", new([4, 4], (w, z) => w.Op("Trilu", [z, w.Integer(1)], Attributes.Of("upper", 0))));
        yield return ("DepthToSpace-DCR", new([8, 2, 3], (w, z) => w.Op("DepthToSpace", [z], Attributes.Of("blocksize", 2))));
        yield return ("DepthToSpace-CRD", new([8, 2, 3], (w, z) => w.Op("DepthToSpace", [z], Attributes.Of("blocksize", 2), Attributes.Of("mode", "CRD"))));
        yield return ("SpaceToDepth", new([2, 4, 6], (w, z) => w.Op("SpaceToDepth", [z], Attributes.Of("blocksize", 2))));
        yield return ("Resize-nearest", new([2, 2, 3], (w, z) => w.Op("Resize", [z, default, w.Floats(1, 1, 2, 2)], Attributes.Of("mode", "nearest"))));
        yield return ("Resize-nearest-down-19", new([2, 6, 6], (w, z) => w.Op(
            "Resize",
            [z, default, w.Floats(1, 1, 0.5f, 0.5f)],
            Attributes.Of("coordinate_transformation_mode", "asymmetric"),
            Attributes.Of("nearest_mode", "floor")) * ModelBytes.Weight(w, 2, 3, 3), 19));
        yield return ("Expand", new([3, 1], (w, z) => w.Op("Expand", z, w.Integers(1, 3, 5))));
        yield return ("Slice-21", new([3, 6], (w, z) => w.Op("Slice", z, w.Integers(-1), w.Integers(0), w.Integers(2), w.Integers(-2)), 21));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Windows()
    {
        yield return ("Conv-1d-groups-dilation", new([4, 9], (w, z) => w.Op(
            "Conv", [z, ModelBytes.Weight(w, 6, 2, 3), ModelBytes.Weight(w, 6)], Attributes.Of("group", 2), Attributes.Of("dilations", [2L]), Attributes.Of("pads", [1L, 2]))));
        yield return ("Conv-1d-depthwise-stride", new([3, 10], (w, z) => w.Op("Conv", [z, ModelBytes.Weight(w, 3, 1, 4)], Attributes.Of("group", 3), Attributes.Of("strides", [3L]))));
        foreach (var pad in new[] { "SAME_UPPER", "SAME_LOWER", "VALID" })
        {
            AttributeProto[] attributes = [Attributes.Of("auto_pad", pad), Attributes.Of("strides", [2L, 2])];
            yield return ($"Conv-2d-{pad}", new([2, 5, 6], (w, z) => w.Op("Conv", [z, ModelBytes.Weight(w, 2, 2, 3, 2)], [.. attributes])));
            yield return ($"MaxPool-2d-{pad}", new([2, 5, 6], (w, z) => w.Op("MaxPool", [z], [.. attributes, Attributes.Of("kernel_shape", [3L, 2])])));
            yield return ($"AveragePool-2d-{pad}", new([2, 5, 6], (w, z) => w.Op("AveragePool", [z], [.. attributes, Attributes.Of("kernel_shape", [3L, 2])])));
            yield return ($"ConvTranspose-2d-{pad}", new([2, 3, 4], (w, z) => w.Op("ConvTranspose", [z, ModelBytes.Weight(w, 2, 2, 3, 3)], [.. attributes])));
        }

        yield return ("Conv-2d-dilation-stride-groups", new([4, 9, 8], (w, z) => w.Op(
            "Conv",
            [z, ModelBytes.Weight(w, 4, 2, 3, 2)],
            Attributes.Of("group", 2),
            Attributes.Of("dilations", [2L, 3]),
            Attributes.Of("strides", [2L, 1]),
            Attributes.Of("pads", [1L, 0, 2, 1]))));
        yield return ("ConvTranspose-1d-dilation-groups", new([4, 5], (w, z) => w.Op(
            "ConvTranspose", [z, ModelBytes.Weight(w, 4, 2, 3)], Attributes.Of("group", 2), Attributes.Of("dilations", [2L]), Attributes.Of("strides", [2L]), Attributes.Of("pads", [1L, 0]))));
        yield return ("ConvTranspose-output-shape", new([2, 3, 4], (w, z) => w.Op(
            "ConvTranspose", [z, ModelBytes.Weight(w, 2, 2, 3, 3)], Attributes.Of("strides", [2L, 2]), Attributes.Of("output_shape", [6L, 7]))));
        yield return ("MaxPool-1d-dilation", new([2, 9], (w, z) => w.Op("MaxPool", [z], Attributes.Of("kernel_shape", [3L]), Attributes.Of("dilations", [2L]))));
        yield return ("MaxPool-2d-ceil-overlapping", new([2, 6, 5], (w, z) => w.Op(
            "MaxPool", [z], Attributes.Of("kernel_shape", [3L, 3]), Attributes.Of("strides", [2L, 2]), Attributes.Of("ceil_mode", 1))));
        yield return ("AveragePool-1d", new([2, 9], (w, z) => w.Op("AveragePool", [z], Attributes.Of("kernel_shape", [3L]), Attributes.Of("strides", [2L]), Attributes.Of("pads", [1L, 1]))));
        foreach (var counted in new[] { 0L, 1 })
        {
            yield return ($"AveragePool-2d-ceil-{counted}", new([2, 6, 5], (w, z) => w.Op(
                "AveragePool",
                [z],
                Attributes.Of("kernel_shape", [3L, 2]),
                Attributes.Of("strides", [2L, 2]),
                Attributes.Of("pads", [1L, 0, 0, 1]),
                Attributes.Of("ceil_mode", 1),
                Attributes.Of("count_include_pad", counted)), 19));
        }

        yield return ("AveragePool-2d-dilation", new([2, 6, 7], (w, z) => w.Op("AveragePool", [z], Attributes.Of("kernel_shape", [2L, 2]), Attributes.Of("dilations", [2L, 3])), 19));
        yield return ("GlobalMaxPool", new([3, 2, 4], (w, z) => w.Op("GlobalMaxPool", z)));
        yield return ("GlobalMaxPool-1d", new([3, 5], (w, z) => w.Op("GlobalMaxPool", z)));
        yield return ("GlobalAveragePool-1d", new([3, 5], (w, z) => w.Op("GlobalAveragePool", z)));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Normalizations()
    {
        yield return ("GroupNormalization-18", new([4, 3, 2], (w, z) => w.Op("GroupNormalization", [z, ModelBytes.Weight(w, 2), ModelBytes.Weight(w, 2)], Attributes.Of("num_groups", 2)), 18));
        yield return ("GroupNormalization-21", new([4, 3, 2], (w, z) => w.Op("GroupNormalization", [z, ModelBytes.Weight(w, 4), ModelBytes.Weight(w, 4)], Attributes.Of("num_groups", 2)), 21));
        yield return ("GroupNormalization-21-rows", new([6], (w, z) => w.Op("GroupNormalization", [z, ModelBytes.Weight(w, 6), ModelBytes.Weight(w, 6)], Attributes.Of("num_groups", 2)), 21));
        yield return ("LayerNormalization-two-axes", new([3, 4], (w, z) => w.Op("LayerNormalization", [z, ModelBytes.Weight(w, 3, 4), ModelBytes.Weight(w, 3, 4)], Attributes.Of("axis", 1))));
        yield return ("LayerNormalization-no-bias", new([3, 4], (w, z) => w.Op("LayerNormalization", [z, ModelBytes.Weight(w, 4)], Attributes.Of("axis", -1))));
        yield return ("BatchNormalization-1d", new([3, 4], (w, z) => Trained(w, z, 3)));
        yield return ("BatchNormalization-2d", new([3, 2, 4], (w, z) => Trained(w, z, 3)));
    }

    private static IEnumerable<(string Name, RuleCase Case)> Products()
    {
        yield return ("MatMul-vector-right", new([3, 4], (w, z) => w.Op("MatMul", z, ModelBytes.Weight(w, 4))));
        yield return ("MatMul-vector-left", new([3, 4], (w, z) => w.Op("MatMul", ModelBytes.Weight(w, 3), z)));
        yield return ("MatMul-vectors", new([3, 4], (w, z) => w.Op("MatMul", z.Reshape(24), ModelBytes.Weight(w, 24))));
        yield return ("MatMul-4d-broadcast", new([1, 3, 4], (w, z) => w.Op("MatMul", z, ModelBytes.Weight(w, 2, 4, 2))));
        yield return ("Einsum-attention", new([2, 3, 4], (w, z) => w.Op("Einsum", [z, z * z], Attributes.Of("equation", "bhid,bhjd->bhij"))));
        yield return ("Einsum-weights", new([3, 4], (w, z) => w.Op("Einsum", [z, ModelBytes.Weight(w, 4, 5)], Attributes.Of("equation", "nik, kj -> nij"))));
        yield return ("Einsum-implicit", new([4], (w, z) => w.Op("Einsum", [z, ModelBytes.Weight(w, 4, 3)], Attributes.Of("equation", "ij,jk"))));
    }

    private static RuleCase Elementwise(string type, long opset = 17) => new([3, 4], (w, z) => w.Op(type, z), opset);

    private static Value Cast(GraphWriter writer, Value value, DataType type) => writer.Op("Cast", [value], Attributes.Of("to", (long)type));

    private static Value Parts(GraphWriter writer, Value[] parts) => writer.Op("Concat", [2 * parts[1], parts[0] * parts[0]], Attributes.Of("axis", 2));

    private static Value Trained(GraphWriter writer, Value z, int channels)
    {
        var (mean, variance) = (writer.Tensor([channels], new float[channels]), writer.Tensor([channels], new float[channels]));
        return writer.Op("BatchNormalization", 3, [z, ModelBytes.Weight(writer, channels), ModelBytes.Weight(writer, channels), mean, variance], Attributes.Of("training_mode", 1))[0];
    }
}
