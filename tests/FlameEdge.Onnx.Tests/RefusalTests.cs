using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Topology;
using Google.Protobuf;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Tests;

public class RefusalTests
{
    [Fact]
    public void Lists_every_operator_without_a_rule()
    {
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var z = writer.Op("Gemm", x, ModelBytes.Weight(writer, 4, 3));
            return writer.Op("Det", writer.Op("Bernoulli", z)) + writer.Op("Det", z);
        });

        AssertRefused(model, "no gradient rule for Bernoulli 'Bernoulli', Det 'Det', Det 'Det_1'");
    }

    [Fact]
    public void An_operator_below_everything_trainable_needs_no_rule()
    {
        var model = ModelBytes.Of(["N", 4], (writer, x) => writer.Op("Gemm", writer.Op("Asinh", x), ModelBytes.Weight(writer, 4, 3)));

        ModelBytes.WithFile(model, path => Open(path).Dispose());
    }

    [Fact]
    public void Names_what_the_input_takes() =>
        AssertRefused(ModelBytes.Classifier(), "samples are [7], but the input 'x' takes [4]", sampleShape: [7]);

    [Fact]
    public void Names_the_classes_that_the_logits_have() =>
        AssertRefused(ModelBytes.Classifier(), "must be [N, 9], one logit per class, but is [N, 3]", classCount: 9);

    [Fact]
    public void Samples_of_integers_are_refused() => AssertRefused(
        ModelBytes.Of(["N", 4], (writer, x) => writer.Op("Gemm", x.ToFloat(), ModelBytes.Weight(writer, 4, 3)), type: DataType.Int64),
        "samples are float32, but the input 'x' is Int64");

    [Fact]
    public void A_second_input_is_refused() => AssertRefused(
        ModelBytes.Of(["N", 4], (writer, x) => writer.Op("Gemm", x + writer.Input("mask", DataType.Float, ["N", 4]), ModelBytes.Weight(writer, 4, 3))),
        "must have one input, not 2: 'x', 'mask'");

    [Fact]
    public void Probabilities_are_refused_as_logits() => AssertRefused(
        ModelBytes.Of(["N", 4], (writer, x) => writer.Op("Softmax", writer.Op("Gemm", x, ModelBytes.Weight(writer, 4, 3)))),
        "are probabilities");

    [Fact]
    public void A_batch_size_inside_the_graph_is_refused() => AssertRefused(
        ModelBytes.Of([2, 4], (writer, x) => writer.Op("Gemm", x.Reshape(2, 4), ModelBytes.Weight(writer, 4, 3))),
        "only works for batches of 2 rows");

    [Fact]
    public void A_model_without_weights_is_refused() =>
        AssertRefused(ModelBytes.Of(["N", 3], (writer, x) => writer.Op("Tanh", x)), "no weights", sampleShape: [3]);

    [Theory]
    [InlineData(6)]
    [InlineData(22)]
    public void Other_operator_sets_are_refused(long opset) =>
        AssertRefused(ModelBytes.Classifier(opset), $"operator set {opset} is not between 7 and 21");

    [Fact]
    public void Values_in_another_file_are_refused_wherever_they_hide()
    {
        var constant = new TensorProto { Name = "hidden", DataType = (int)DataType.Float, DataLocation = TensorProto.Types.DataLocation.External };
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
            writer.Op("Gemm", x, ModelBytes.Weight(writer, 4, 3), writer.Op("Constant", [], Attributes.Of("value", constant))));

        AssertRefused(model, "the values of 'hidden' lie in another file");
    }

    [Fact]
    public void A_graph_within_a_graph_is_refused()
    {
        var model = ModelBytes.Classifier();
        var branch = new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = new GraphProto() };
        model.Graph.Node[0].Attribute.Add(branch);

        AssertRefused(model, "holds a graph");
    }

    [Fact]
    public void Every_truncation_of_a_file_is_refused_and_none_gets_through_as_something_else()
    {
        var bytes = ModelBytes.Classifier().ToByteArray();
        for (var length = 0; length < bytes.Length; length += 7)
        {
            ModelBytes.WithFile(bytes[..length], path => Assert.Throws<ModelMismatchException>(() => Open(path)));
        }
    }

    [Fact]
    public void A_missing_file_is_refused_by_its_path()
    {
        var refusal = Assert.Throws<ModelMismatchException>(() => Open("/nowhere/at-all.onnx"));

        Assert.Contains("/nowhere/at-all.onnx", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tree", "relu", 3, "no model of kind 'tree'")]
    [InlineData("mlp", "swish", 3, "no activation 'swish'")]
    [InlineData("mlp", "relu", 0, "must be above 0")]
    [InlineData("lenet", "relu", 3, "at least 12 x 12, not [4]")]
    [InlineData("onnx", "relu", 3, "needs the path")]
    public void A_declared_model_that_cannot_be_is_refused(string kind, string activation, int width, string message)
    {
        var spec = new ModelSpec { Kind = kind, Activation = activation, Hidden = [width] };

        var refusal = Assert.Throws<ModelMismatchException>(() => new OnnxEngine().Open(spec, [4], 3, new TrainingSpec()));

        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(ModelProto model, string message, int[]? sampleShape = null, int classCount = 3) =>
        ModelBytes.WithFile(model, path =>
        {
            var refusal = Assert.Throws<ModelMismatchException>(() => Open(path, sampleShape, classCount));
            Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
        });

    private static OnnxTrainer Open(string path, int[]? sampleShape = null, int classCount = 3) =>
        (OnnxTrainer)new OnnxEngine().Open(new ModelSpec { Kind = "onnx", Path = path }, sampleShape ?? [4], classCount, new TrainingSpec());
}
