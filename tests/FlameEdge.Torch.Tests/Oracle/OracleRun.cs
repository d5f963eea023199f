using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Training;
using FlameEdge.Torch.Native;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Torch.Tests.Oracle;

/// <summary>What a case gives: its outputs, and the gradient of a random projection of them by every trained operand.</summary>
internal sealed record OracleResult(List<float[]> Outputs, Dictionary<string, float[]> Gradients);

/// <summary>Runs a case by the training graph and by torch's autograd.</summary>
internal static class OracleRun
{
    private const string Rows = "rows";
    private const string MaskSuffix = ".mask";

    public static OracleResult Onnx(OracleCase oracle, bool openBatch)
    {
        var (forward, trained, outputs) = Forward(oracle, openBatch);
        var backward = new BackwardGraph(forward, trained, new ProjectionLoss([.. outputs.Select(output => (output, $"weight of {output}"))]));
        var results = outputs.Select(output => backward.Writer.Output(backward.Writer.Existing(output), "result")).ToList();
        var reached = trained.Where(name => backward.GradientOf(name) is not null).ToList();
        results.AddRange(reached.Select(name => backward.Writer.Output(backward.GradientOf(name)!.Value, "gradient")));

        using var session = Sessions.Open(backward.Model.ToByteArray(), oracle.Name, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using var options = new RunOptions();
        var data = backward.Model.Graph.Input.ToDictionary(input => input.Name, input => DataOf(oracle, forward, outputs, input));
        using var values = session.Run(options, data, results);
        var arrays = values.Select(value => value.GetTensorDataAsSpan<float>().ToArray()).ToList();
        foreach (var value in data.Values)
        {
            value.Dispose();
        }

        return new OracleResult(arrays[..outputs.Count], reached.Zip(arrays.Skip(outputs.Count)).ToDictionary(pair => pair.First, pair => pair.Second));
    }

    public static OracleResult Torch(OracleCase oracle, bool openBatch)
    {
        TorchRuntime.Start();
        TorchRuntime.UseThreads(1);
        using var scope = NewDisposeScope();
        var leaves = oracle.Operands.Select((operand, place) => Leaf(operand.Shape, oracle.ValuesOf(place), operand.IsTrained)).ToArray();
        var names = leaves.Select((_, place) => $"x{place}").ToArray();
        var inputs = leaves.ToArray();
        if (openBatch)
        {
            leaves[0] = Leaf(ShiftOf(oracle), new float[ShiftOf(oracle).Aggregate((product, size) => product * size)], isTrained: true);
            inputs[0] = inputs[0].detach() + leaves[0];
        }

        var outputs = oracle.Torch(inputs);
        outputs.Select((output, index) => (output * Leaf(output.shape, WeightOf(oracle, index, output.numel()), false)).sum()).Aggregate((left, right) => left + right).backward();
        return new OracleResult(
            [.. outputs.Select(Floats)],
            names.Zip(leaves).Where(pair => pair.Second.requires_grad && pair.Second.grad is not null).ToDictionary(pair => pair.First, pair => Floats(pair.Second.grad!)));
    }

    /// <summary>True where reading a model takes the case's operator apart, so that it needs no rule.</summary>
    public static bool IsTakenApart(OracleCase oracle) => Forward(oracle, openBatch: false).Forward.Graph.Node.All(node => node.OpType != oracle.Operator);

    /// <summary>What a Dropout of a case keeps: a quarter is dropped.</summary>
    public static float[] Mask(long count)
    {
        var generator = new PortableRandom(4);
        return [.. Enumerable.Range(0, (int)count).Select(_ => generator.NextDouble() < 0.25 ? 0f : 1 / 0.75f)];
    }

    public static Tensor Leaf(long[] shape, float[] values, bool isTrained) => tensor(values).reshape(shape).requires_grad_(isTrained);

    private static (ForwardGraph Forward, List<string> Trained, List<string> Outputs) Forward(OracleCase oracle, bool openBatch)
    {
        var graph = new GraphProto { Name = "oracle" };
        foreach (var (operand, place) in oracle.Operands.Select((operand, place) => (operand, place)))
        {
            var isShift = openBatch && place == 0;
            var shape = isShift ? ShiftOf(oracle) : operand.Shape;
            graph.Initializer.Add(Tensors.Of($"x{place}", shape, isShift ? new float[shape.Aggregate((product, size) => product * size)] : oracle.ValuesOf(place)));
        }

        var writer = new GraphWriter(graph);
        var values = oracle.Operands.Select((_, place) => writer.Existing($"x{place}")).ToArray();
        if (openBatch)
        {
            values[0] = writer.Input(Rows, DataType.Float, ["N", .. oracle.Operands[0].Shape.Skip(1).Cast<object>()]) + values[0];
        }

        var outputs = oracle.Onnx(writer, values).Select(value => value.Name).ToList();
        graph.Output.Add(outputs.Select(name => new ValueInfoProto { Name = name }));
        var model = new ModelProto { IrVersion = oracle.Opset <= 18 ? 8 : oracle.Opset <= 20 ? 9 : 10, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = oracle.Opset });
        return (new ForwardGraph(ModelFile.Parse(model.ToByteArray(), oracle.Name), oracle.Name), [.. oracle.Operands.Select((operand, place) => (operand, place)).Where(pair => pair.operand.IsTrained).Select(pair => $"x{pair.place}")], outputs);
    }

    private static OrtValue DataOf(OracleCase oracle, ForwardGraph forward, List<string> outputs, ValueInfoProto input)
    {
        long[] shape = [.. input.Type.TensorType.Shape.Dim.Select(size => size.HasDimValue ? size.DimValue : oracle.Operands[0].Shape[0])];
        var count = shape.Aggregate(1L, (product, size) => product * size);
        if (input.Name == Rows)
        {
            return OrtValue.CreateTensorValueFromMemory(oracle.ValuesOf(0), shape);
        }

        if (forward.Initializers.TryGetValue(input.Name, out var stored))
        {
            return OrtValue.CreateTensorValueFromMemory(Tensors.Floats(stored), [.. stored.Dims]);
        }

        if (input.Name.EndsWith(MaskSuffix, StringComparison.Ordinal))
        {
            return OrtValue.CreateTensorValueFromMemory(Mask(count), shape);
        }

        // The weight of an output: its sizes may be open, and then torch's own result tells them.
        var index = outputs.FindIndex(output => input.Name == $"weight of {output}");
        var sizes = ShapeOf(oracle, index);
        return OrtValue.CreateTensorValueFromMemory(WeightOf(oracle, index, sizes.Aggregate(1L, (product, size) => product * size)), sizes);
    }

    private static long[] ShapeOf(OracleCase oracle, int output)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        return oracle.Torch([.. oracle.Operands.Select((operand, place) => Leaf(operand.Shape, oracle.ValuesOf(place), false))])[output].shape;
    }

    private static float[] WeightOf(OracleCase oracle, int output, long count) => Operand.X(count).Values(oracle.Seed, 100 + output);

    private static long[] ShiftOf(OracleCase oracle) => [1, .. oracle.Operands[0].Shape.Skip(1)];

    private static float[] Floats(Tensor tensor) => tensor.detach().contiguous().data<float>().ToArray();
}
