using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Tests;

public class FileModelTests
{
    private static readonly Dataset s_data = TestModels.Clusters(50, 3, seed: 3, shape: 4);

    [Theory]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(21)]
    public void A_file_of_any_accepted_operator_set_is_trained_from_its_stored_weights(long opset) =>
        ModelBytes.WithFile(ModelBytes.Classifier(opset), path =>
        {
            using var trainer = Trainers.Open(File(path), s_data, new TrainingSpec { Epochs = 30 });
            trainer.Initialize(1);
            Assert.Equal((float)Math.Sin(21), trainer.Parameters()[0]);
            var before = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);

            trainer.Train(s_data, 1, TestContext.Current.CancellationToken);

            var after = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);
            Assert.True(after.Loss < before.Loss / 2, $"{before} -> {after}");
        });

    [Fact]
    public void A_file_that_fixes_its_batch_is_opened_for_any_batch() =>
        ModelBytes.WithFile(ModelBytes.Classifier(batch: 8), path =>
        {
            using var trainer = Trainers.Open(File(path), s_data);
            trainer.Initialize(1);

            Assert.Equal(50, trainer.Evaluate(s_data, TestContext.Current.CancellationToken).Samples);
            Assert.Equal(2, trainer.Train(s_data, 1, TestContext.Current.CancellationToken).Steps);
        });

    [Fact]
    public void Only_weights_are_trained_not_the_constants_of_the_model()
    {
        // Centred by a stored row, scaled by a stored scalar, clipped by stored limits; the weights turned on the way to the product.
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var clipped = writer.Op("Clip", (x - ModelBytes.Weight(writer, 4)) / writer.Scalar(2), writer.Scalar(-1), writer.Scalar(1));
            return writer.Op("MatMul", clipped, writer.Op("Transpose", ModelBytes.Weight(writer, 3, 4))) + ModelBytes.Weight(writer, 3);
        });

        ModelBytes.WithFile(model, path =>
        {
            using var trainer = Trainers.Open(File(path), s_data);
            Assert.Equal([[3, 4], [3]], trainer.Layout.Entries.Select(entry => entry.Shape.ToArray()));
        });
    }

    [Fact]
    public void A_flat_row_feeds_a_model_of_images_with_as_many_values()
    {
        var model = ModelBytes.Of(["N", 1, 2, 2], (writer, x) =>
            writer.Op("Gemm", writer.Op("Flatten", x), ModelBytes.Weight(writer, 4, 3), ModelBytes.Weight(writer, 3)));

        ModelBytes.WithFile(model, path =>
        {
            using var trainer = Trainers.Open(File(path), s_data);
            trainer.Initialize(1);
            Assert.Equal(2, trainer.Train(s_data, 1, TestContext.Current.CancellationToken).Steps);
        });
    }

    [Fact]
    public void A_shape_that_the_model_computes_from_its_batch_is_understood()
    {
        // As an exporter writes x.view(x.size(0), 1, 2, 2): the convolution after it needs to know the sizes.
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var count = writer.Op("Gather", x.Shape(), writer.Integer(0)).Unsqueeze(0);
            var image = x.Reshape(writer.Op("Concat", [count, writer.Integers(1), writer.Integers(2, 2)], Attributes.Of("axis", 0)));
            var convolved = writer.Op("Conv", image, ModelBytes.Weight(writer, 3, 1, 2, 2), ModelBytes.Weight(writer, 3));
            return convolved.Reshape(writer.Op("Concat", [convolved.Size(0), writer.Integers(-1)], Attributes.Of("axis", 0)));
        });

        ModelBytes.WithFile(model, path =>
        {
            using var trainer = Trainers.Open(File(path), s_data, new TrainingSpec { Epochs = 20 });
            trainer.Initialize(1);
            var before = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);
            trainer.Train(s_data, 1, TestContext.Current.CancellationToken);
            Assert.True(trainer.Evaluate(s_data, TestContext.Current.CancellationToken).Loss < before.Loss / 2);
        });
    }

    [Theory]
    [InlineData("softmax")]
    [InlineData("mlp")]
    [InlineData("lenet")]
    public void An_exported_model_gives_the_same_logits_everywhere(string kind)
    {
        var data = TestModels.Clusters(40, 3, seed: 3, shape: [1, 14, 13]);
        using var trainer = Trainers.Open(new ModelSpec { Kind = kind, Hidden = [9] }, data, new TrainingSpec { Epochs = 2 });
        trainer.Initialize(5);
        trainer.Train(data, 1, TestContext.Current.CancellationToken);
        var score = trainer.Evaluate(data, TestContext.Current.CancellationToken);

        ModelBytes.WithFile(Array.Empty<byte>(), path =>
        {
            trainer.Export(path);

            using var again = Trainers.Open(File(path), data);
            again.Initialize(0);
            Assert.Equal(trainer.Parameters(), again.Parameters());
            Assert.Equal(trainer.Layout.Signature, again.Layout.Signature);
            Assert.Equal(score, again.Evaluate(data, TestContext.Current.CancellationToken));
            Assert.Equal(score.Loss, LossOfPlainRuntime(path, data), 1e-6);
        });
    }

    // The file as any other program would use it.
    private static double LossOfPlainRuntime(string path, Dataset data)
    {
        using var session = new InferenceSession(path);
        using var options = new RunOptions();
        using var samples = OrtValue.CreateTensorValueFromMemory(data.Features.ToArray(), [data.Count, .. data.SampleShape.Select(size => (long)size)]);
        using var results = session.Run(options, new Dictionary<string, OrtValue> { ["input"] = samples }, ["logits"]);
        var logits = results[0].GetTensorDataAsSpan<float>().ToArray();
        return Enumerable.Range(0, data.Count).Average(row =>
        {
            var own = logits.Skip(row * data.ClassCount).Take(data.ClassCount).Select(value => (double)value).ToArray();
            return Math.Log(own.Sum(Math.Exp)) - own[data.Labels.Span[row]];
        });
    }

    private static ModelSpec File(string path) => new() { Kind = "onnx", Path = path };
}
