using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Tests.Rules;
using FlameEdge.Onnx.Training;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Tests;

public class OlderOpsetTests
{
    private static readonly Dictionary<string, (long Opset, Func<GraphWriter, Value, Value> Old, Func<GraphWriter, Value, Value> New)> s_cases = new(StringComparer.Ordinal)
    {
        ["Unsqueeze"] = (11, (w, z) => w.Op("Unsqueeze", [z], Ints("axes", 1, -1)), (w, z) => z.Unsqueeze(1, -1)),
        ["Squeeze"] = (7, (w, z) => w.Op("Squeeze", [z.Reshape(2, 1, 12, 1)], Ints("axes", 1)), (w, z) => w.Op("Squeeze", z.Reshape(2, 1, 12, 1), w.Integers(1))),
        ["Squeeze-all"] = (7, (w, z) => w.Op("Squeeze", z.Reshape(2, 1, 12, 1)), (_, z) => z.Reshape(2, 12)),
        ["ReduceSum"] = (12, (w, z) => w.Op("ReduceSum", [z * z], Ints("axes", 1), Attributes.Of("keepdims", 0)), (_, z) => (z * z).Sum([1], keep: false)),
        ["ReduceMean"] = (7, (w, z) => w.Op("ReduceMean", [z * z], Ints("axes", 2)), (w, z) => w.Op("ReduceMean", [z * z], Ints("axes", 2))),
        ["Split"] = (
            8,
            (w, z) => Joined(w, w.Op("Split", 2, [z], Ints("split", 1, 3), Attributes.Of("axis", 2))),
            (w, z) => Joined(w, w.Op("Split", 2, [z, w.Integers(1, 3)], Attributes.Of("axis", 2)))),
        ["Softmax"] = (11, (w, z) => w.Op("Softmax", z), (w, z) => w.Op("Softmax", z.Reshape(2, 12)).Reshape(2, 3, 4)),
        ["Softmax-last"] = (11, (w, z) => w.Op("Softmax", [z], Attributes.Of("axis", -1)), (w, z) => w.Op("Softmax", z)),
        ["LogSoftmax"] = (9, (w, z) => w.Op("LogSoftmax", [z], Attributes.Of("axis", 2)), (w, z) => w.Op("LogSoftmax", [z], Attributes.Of("axis", 2))),
        ["Clip"] = (
            10,
            (w, z) => w.Op("Clip", [z], Attributes.Of("min", -0.5f), Attributes.Of("max", 0.7f)),
            (w, z) => w.Op("Clip", z, w.Scalar(-0.5f), w.Scalar(0.7f))),
        ["Clip-above"] = (7, (w, z) => w.Op("Clip", [z], Attributes.Of("max", 0.7f)), (w, z) => w.Op("Clip", z, default, w.Scalar(0.7f))),
        ["Pad"] = (
            10,
            (w, z) => w.Op("Pad", [z], Ints("pads", 0, 1, 0, 0, 0, 2), Attributes.Of("value", 1.5f)),
            (w, z) => w.Op("Pad", z, w.Integers(0, 1, 0, 0, 0, 2), w.Scalar(1.5f))),
        ["Slice"] = (
            9,
            (w, z) => w.Op("Slice", [z], Ints("starts", 1, 0), Ints("ends", 3, -1), Ints("axes", 1, 2)),
            (w, z) => w.Op("Slice", z, w.Integers(1, 0), w.Integers(3, -1), w.Integers(1, 2))),
        ["Dropout"] = (10, (w, z) => w.Op("Dropout", [z], Attributes.Of("ratio", 0.5f)), (w, z) => w.Op("Identity", z)),
        ["Resize"] = (
            10,
            (w, z) => w.Op("Resize", [z.Reshape(2, 1, 3, 4), w.Floats(1, 1, 2, 2)], Attributes.Of("mode", "nearest")),
            (w, z) => w.Op("Tile", z.Reshape(2, 1, 3, 1, 4, 1), w.Integers(1, 1, 1, 2, 1, 2)).Reshape(2, 1, 6, 8)),
        ["BatchNormalization"] = (8, Normalized, Normalized),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_older_file_computes_what_it_did_and_learns_like_a_new_one(string name)
    {
        var (opset, old, current) = s_cases[name];
        var original = Model(old, opset);
        var raised = ModelFile.Parse(original.ToByteArray(), name);

        var outputs = Run(original);
        Assert.Equal(outputs, Run(raised));
        var (loss, gradient) = Gradient(raised);
        var (expectedLoss, expectedGradient) = Gradient(ModelFile.Parse(Model(current, 17).ToByteArray(), name));
        Assert.Equal(expectedLoss, loss, 1e-5);
        Assert.Equal(expectedGradient.Length, gradient.Length);
        Assert.All(expectedGradient.Zip(gradient), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void Batch_statistics_told_by_outputs_are_training_mode()
    {
        var model = Model((w, z) => w.Op("BatchNormalization", 5, [z, .. Enumerable.Range(0, 4).Select(_ => ModelBytes.Weight(w, 3))])[0], 9);

        var form = TrainingForm.Of(new ForwardGraph(ModelFile.Parse(model.ToByteArray(), "old"), "old"));

        Assert.Equal(["tensor_3", "tensor_4"], form.Buffers.Select(buffer => buffer.Name));
    }

    [Theory]
    [InlineData("Upsample", "export with Resize")]
    [InlineData("BatchNormalization", "spatial = 0")]
    public void What_later_sets_cannot_say_is_refused(string type, string words)
    {
        var model = Model((w, z) => w.Op(type, [z], Attributes.Of("spatial", 0L)), 7);

        var refusal = Assert.Throws<ModelMismatchException>(() => ModelFile.Parse(model.ToByteArray(), "old"));

        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    private static ModelProto Model(Func<GraphWriter, Value, Value> build, long opset) =>
        ModelBytes.Of([2, 3, 4], (writer, x) => build(writer, x + writer.Tensor([3, 4], new float[12])), opset);

    private static Value Normalized(GraphWriter writer, Value z)
    {
        var variance = writer.Op("Abs", ModelBytes.Weight(writer, 3));
        return writer.Op("BatchNormalization", [z, ModelBytes.Weight(writer, 3), ModelBytes.Weight(writer, 3), ModelBytes.Weight(writer, 3), variance]);
    }

    private static Value Joined(GraphWriter writer, Value[] parts) => writer.Op("Concat", [parts[1] * parts[1], parts[0]], Attributes.Of("axis", 2));

    private static AttributeProto Ints(string name, params long[] values) => Attributes.Of(name, values);

    private static float[] Run(ModelProto model)
    {
        using var session = new InferenceSession(model.ToByteArray());
        return Run(session, session.OutputNames[0], []);
    }

    private static (float Loss, float[] Gradient) Gradient(ModelProto model)
    {
        var forward = new ForwardGraph(model, "older");
        var output = model.Graph.Output[0].Name;
        var graph = new BackwardGraph(forward, ["tensor"], new ProjectionLoss([(output, "weight")]));
        var names = (graph.Writer.Output(graph.Loss, "loss"), graph.Writer.Output(graph.GradientOf("tensor")!.Value, "gradient"));
        using var session = Sessions.Open(graph.Model.ToByteArray(), "older", GraphOptimizationLevel.ORT_ENABLE_ALL);
        long[] shape = [.. forward.Types.Of(output)!.Dimensions.Select(size => (long)size)];
        Dictionary<string, long[]> extra = new() { ["tensor"] = [3, 4], ["weight"] = shape };
        return (Run(session, names.Item1, extra)[0], Run(session, names.Item2, extra));
    }

    private static float[] Run(InferenceSession session, string output, Dictionary<string, long[]> extra)
    {
        var values = new Dictionary<string, long[]>(extra) { ["x"] = [2, 3, 4] }.ToDictionary(
            input => input.Key,
            input => OrtValue.CreateTensorValueFromMemory(
                [.. Enumerable.Range(0, (int)input.Value.Aggregate(1L, (product, size) => product * size)).Select(i => (float)Math.Sin(1 + (2 * i)))],
                input.Value));
        using var options = new RunOptions();
        using var results = session.Run(options, values, [output]);
        foreach (var value in values.Values)
        {
            value.Dispose();
        }

        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
