using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Onnx.Training;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class FreezingTests
{
    private static readonly Dataset s_data = TestModels.Clusters(60, 3, seed: 3, shape: 4);
    private static readonly Dataset s_images = TestModels.Clusters(40, 3, seed: 3, shape: [1, 12, 12]);
    private static readonly TrainingSpec s_training = new() { BatchSize = 16, Epochs = 3, Momentum = 0.9, WeightDecay = 0.1, LearningRate = 0.02 };

    [Fact]
    public void Only_the_last_layers_of_a_declared_model_are_learned_and_sent()
    {
        using var trainer = Trainers.Open(TestModels.LeNet with { TrainLast = 2 }, s_images, s_training);

        Assert.Equal(["fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"], trainer.Layout.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Frozen_tensors_stay_as_they_are_bit_by_bit_in_what_is_exported()
    {
        using var trainer = Trainers.Open(TestModels.LeNet with { Freeze = ["conv*", "fc1.bias"] }, s_images, s_training);
        trainer.Initialize(1);
        var start = Exported(trainer);

        trainer.Train(s_images, 1, TestContext.Current.CancellationToken);
        var after = Exported(trainer);

        Assert.Equal(10, start.Count);
        foreach (var (name, values) in start)
        {
            var isFrozen = name.StartsWith("conv", StringComparison.Ordinal) || name == "fc1.bias";
            Assert.Equal(isFrozen, values.AsSpan().SequenceEqual(after[name]));
        }
    }

    [Fact]
    public void A_frozen_part_of_a_file_keeps_its_values_and_the_score_is_that_of_the_file() => ModelBytes.WithFile(ModelBytes.Classifier(), path =>
    {
        using var trainer = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path, Freeze = ["tensor", "tensor_1"] }, s_data, s_training);
        trainer.Initialize(0);
        Assert.Equal(["tensor_2", "tensor_3"], trainer.Layout.Entries.Select(entry => entry.Name));
        trainer.Train(s_data, 1, TestContext.Current.CancellationToken);
        var score = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);

        trainer.Export(path + ".out");

        using var again = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path + ".out" }, s_data);
        again.Initialize(0);
        Assert.Equal(score, again.Evaluate(s_data, TestContext.Current.CancellationToken));
        var before = ModelFile.Read(path).Graph.Initializer.First(tensor => tensor.Name == "tensor");
        Assert.Equal(Tensors.Floats(before), Tensors.Floats(ModelFile.Read(path + ".out").Graph.Initializer.First(tensor => tensor.Name == "tensor")));
    });

    [Fact]
    public void Nothing_is_differentiated_below_the_lowest_trainable_node()
    {
        var all = Backward(TestModels.LeNet);
        var head = Backward(TestModels.LeNet with { TrainLast = 1 });

        // Of the backward pass of fc3 alone remain its two gradients; none of them asks for that of its input.
        Assert.Contains(all, node => node.OpType is "ConvTranspose" or "MaxUnpool" or "Where");
        Assert.Equal(["Gemm", "ReduceSum"], head.Select(node => node.OpType).Order());
    }

    [Fact]
    public void An_operator_without_a_gradient_may_stand_in_the_frozen_part()
    {
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var hidden = writer.Op("Gemm", x, ModelBytes.Weight(writer, 4, 5), ModelBytes.Weight(writer, 5));
            return writer.Op("Gemm", writer.Op("Shrink", hidden), ModelBytes.Weight(writer, 5, 3), ModelBytes.Weight(writer, 3));
        });
        ModelBytes.WithFile(model, path =>
        {
            var spec = new ModelSpec { Kind = "onnx", Path = path };
            Assert.Contains("Shrink", Assert.Throws<ModelMismatchException>(() => Trainers.Open(spec, s_data)).Message, StringComparison.Ordinal);

            using var trainer = Trainers.Open(spec with { TrainLast = 2 }, s_data, s_training);
            trainer.Initialize(0);
            Assert.True(trainer.Train(s_data, 1, TestContext.Current.CancellationToken).Loss > 0);
        });
    }

    // The nodes that stand behind the loss and compute gradients.
    private static List<NodeProto> Backward(ModelSpec spec)
    {
        var model = ClassifierModels.Of(spec, s_images.SampleShape, s_images.ClassCount);
        var graph = new BackwardGraph(model.Graph, model.Trainables, new ProjectionLoss([(model.Logits, "seed")]));
        var forward = model.Graph.Graph.Node.Count;
        return [.. graph.Model.Graph.Node.Skip(forward + 2)]; // the projection itself is a product and its sum
    }

    private static Dictionary<string, float[]> Exported(OnnxTrainer trainer)
    {
        Dictionary<string, float[]> tensors = [];
        ModelBytes.WithFile(Array.Empty<byte>(), path =>
        {
            trainer.Export(path);
            tensors = ModelFile.Read(path).Graph.Initializer.ToDictionary(tensor => tensor.Name, Tensors.Floats);
        });
        return tensors;
    }
}
