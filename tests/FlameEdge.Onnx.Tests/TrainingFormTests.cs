using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Onnx.Training;
using FlameEdge.Parameters;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;
using Microsoft.ML.OnnxRuntime;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Tests;

public class TrainingFormTests
{
    private static readonly Dataset s_data = TestModels.Clusters(60, 3, seed: 3, shape: 4);

    [Fact]
    public void Masks_and_buffers_are_listed_and_the_model_itself_stays_as_it_is()
    {
        var forward = new ForwardGraph(Regularized(), "regularized");
        var before = forward.Model.Clone();

        var form = TrainingForm.Of(forward);

        var mask = Assert.Single(form.Masks);
        Assert.Equal([5], mask.SampleShape);
        Assert.Equal(0.25f, mask.Ratio);
        Assert.Equal(["tensor", "tensor_1"], form.Buffers.Select(buffer => buffer.Name));
        Assert.Contains(form.Graph.Graph.Input, input => input.Name == mask.Input);
        Assert.Equal(before, forward.Model);
    }

    [Fact]
    public void A_model_without_training_mode_is_its_own_two_forms()
    {
        var forward = new ForwardGraph(ModelBytes.Classifier(), "plain");

        Assert.Same(forward, TrainingForm.Of(forward).Graph);
        Assert.Same(forward, EvaluationForm.Of(forward));
    }

    [Fact]
    public void Statistics_move_with_training_and_travel_with_the_parameters() => WithTrainer(trainer =>
    {
        var (mean, variance) = (trainer.Layout.Entries[^2], trainer.Layout.Entries[^1]);
        Assert.Equal([ParameterKind.Buffer, ParameterKind.Buffer], [mean.Kind, variance.Kind]);
        var start = trainer.Parameters();
        Assert.Equal([0, 0, 0, 0], start[mean.Offset..(mean.Offset + 4)]);

        trainer.Train(s_data, 1, TestContext.Current.CancellationToken);

        // 200 steps of momentum 0.9 forget the start: what is left are the statistics of the four features.
        var features = s_data.Features.ToArray();
        var after = trainer.Parameters();
        for (var feature = 0; feature < 4; feature++)
        {
            var column = features.Where((_, index) => index % 4 == feature).Select(value => (double)value).ToArray();
            var average = column.Average();
            Assert.Equal(average, after[mean.Offset + feature], 1e-4);
            Assert.Equal(column.Average(value => (value - average) * (value - average)), after[variance.Offset + feature], 1e-4);
        }
    });

    [Fact]
    public void The_exported_model_is_a_plain_one_without_masks_and_gives_the_score() => WithTrainer(trainer =>
    {
        trainer.Train(s_data, 1, TestContext.Current.CancellationToken);
        var score = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);
        Assert.True(score.Accuracy > 0.9, $"{score}");

        ModelBytes.WithFile(Array.Empty<byte>(), path =>
        {
            trainer.Export(path);

            using var session = new InferenceSession(path);
            Assert.Equal(["x"], session.InputNames);
            Assert.Single(session.OutputNames);
            using var again = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path }, s_data);
            again.Initialize(0);
            Assert.Equal(score, again.Evaluate(s_data, TestContext.Current.CancellationToken));
        });
    });

    [Fact]
    public void Masks_depend_on_the_seed_alone() => WithTrainer(trainer =>
    {
        var runs = new[] { 1UL, 1UL, 2UL }.Select(seed =>
        {
            trainer.Initialize(0);
            trainer.Train(s_data, seed, TestContext.Current.CancellationToken);
            return trainer.Parameters();
        }).ToList();

        Assert.Equal(runs[0], runs[1]);
        Assert.NotEqual(runs[0], runs[2]);
    });

    [Fact]
    public void A_mask_is_new_at_every_step_and_keeps_the_mean()
    {
        const int Rows = 10_000;
        var model = ModelBytes.Of(["N", 4], (writer, x) => writer.Op("MatMul", writer.Op("Dropout", x, writer.Scalar(0.25f), True(writer)), ModelBytes.Weight(writer, 4, 1)));
        var graph = new TrainingGraph(
            new ForwardGraph(model, "dropout"), ["tensor"], new ProjectionLoss([("MatMul", "weight")]), StepRule.Of(new TrainingSpec { LearningRate = 1e-9 }));
        using var state = new StateBuffers(graph.ToLayout(), graph.Rule);
        using var session = new StepSession(graph, state, "dropout", 1);
        state.Parameters.Fill(1);
        using var samples = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1f, Rows * 4).ToArray(), [Rows, 4]);
        using var weights = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1f / (Rows * 4), Rows).ToArray(), [Rows, 1]);
        session.Bind("x", samples);
        session.Bind("weight", weights);
        using var masks = new MaskFeed(session, graph.Masks);
        masks.Start(1);

        masks.Next(Rows);
        var first = session.Step();
        masks.Next(Rows);
        var second = session.Step();

        // The mean of 40 000 values of variance 1/3: five deviations are 0.0144.
        Assert.Equal(1, first, 0.0144);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_mode_that_is_not_a_constant_is_refused()
    {
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var mode = writer.Op("Not", writer.Op("Equal", writer.Integer(1), writer.Integer(1)));
            return writer.Op("Gemm", writer.Op("Dropout", x, writer.Scalar(0.5f), mode), ModelBytes.Weight(writer, 4, 3));
        });

        var refusal = Assert.Throws<ModelMismatchException>(() => TrainingForm.Of(new ForwardGraph(model, "odd")));

        Assert.Contains("its training mode must be a constant", refusal.Message, StringComparison.Ordinal);
    }

    // x -> BatchNormalization -> Gemm -> Dropout -> Gemm, everything in training mode.
    private static ModelProto Regularized() => ModelBytes.Of(["N", 4], (writer, x) =>
    {
        var (mean, variance) = (writer.Tensor([4], [0, 0, 0, 0]), writer.Tensor([4], [1, 1, 1, 1]));
        var centred = writer.Op(
            "BatchNormalization",
            3,
            [x, ModelBytes.Weight(writer, 4), ModelBytes.Weight(writer, 4), mean, variance],
            Attributes.Of("training_mode", 1L))[0];
        var hidden = writer.Op("Tanh", writer.Op("Gemm", centred, ModelBytes.Weight(writer, 4, 5), ModelBytes.Weight(writer, 5)));
        var dropped = writer.Op("Dropout", 2, [hidden, writer.Scalar(0.25f), True(writer)])[0];
        return writer.Op("Gemm", dropped, ModelBytes.Weight(writer, 5, 3), ModelBytes.Weight(writer, 3));
    });

    private static Value True(GraphWriter writer) =>
        writer.Op("Constant", [], Attributes.Of("value", new TensorProto { DataType = (int)DataType.Bool, Int32Data = { 1 } }));

    private static void WithTrainer(Action<OnnxTrainer> use) => ModelBytes.WithFile(Regularized(), path =>
    {
        using var trainer = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path }, s_data, new TrainingSpec { Epochs = 200, BatchSize = null });
        trainer.Initialize(0);
        use(trainer);
    });
}
