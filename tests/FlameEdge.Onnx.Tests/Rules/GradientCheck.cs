using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Training;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Tests.Rules;

/// <summary>Compares the gradients of a small model with differences of its outputs, which know nothing of any rule.</summary>
internal static class GradientCheck
{
    private const int Rows = 2;

    // Values lie on a grid of irrational step, none nearer than half a step to zero or to each other: no kink within reach of the differences.
    private const double Step = 0.1371;
    private const double Width = 0.01;

    /// <summary>Builds output = <paramref name="build"/>(x + shift) for x [N, …<paramref name="sample"/>] and checks the shift and every float tensor stored by the builder.</summary>
    public static void Assert(long[] sample, Func<GraphWriter, Value, Value> build, long opset)
    {
        var count = sample.Aggregate((product, size) => product * size);
        var model = ModelBytes.Of(["N", .. sample.Cast<object>()], (writer, x) => build(writer, x + writer.Tensor(sample, new float[count])), opset);
        var forward = new ForwardGraph(ModelFile.Parse(model.ToByteArray(), "check"), "check");
        var statistics = TrainingForm.Of(forward).Buffers.Select(buffer => buffer.Name).ToList();
        var trainables = forward.Initializers.Values.Where(IsWeight).Select(tensor => tensor.Name).Except(statistics).ToList();
        var output = forward.Graph.Output[0].Name;
        var graph = new BackwardGraph(forward, trainables, new ProjectionLoss([(output, "weight")]));
        string[] gradients = [.. trainables.Select(name => graph.Writer.Output(graph.GradientOf(name)!.Value, "gradient"))];
        var shown = graph.Writer.Output(graph.Writer.Existing(output), "shown");
        using var session = Sessions.Open(graph.Model.ToByteArray(), "check", GraphOptimizationLevel.ORT_ENABLE_ALL);

        var inputs = trainables.ToDictionary(name => name, name => (Tensors.Floats(forward.Initializers[name]), forward.Initializers[name].Dims.ToArray()));
        inputs.Add("x", (Grid((int)count * Rows), [Rows, .. sample]));
        foreach (var buffer in graph.Form.Buffers.Select(buffer => forward.Initializers[buffer.Name]))
        {
            inputs.Add(buffer.Name, (Tensors.Floats(buffer), buffer.Dims.ToArray()));
        }

        long[] shape = [.. (forward.Types.Of(output)?.Dimensions ?? []).Select(size => size < 0 ? Rows : (long)size)];
        var weight = Enumerable.Range(0, (int)shape.Aggregate(1L, (product, size) => product * size)).Select(i => (float)Math.Cos(1 + (2 * i))).ToArray();
        inputs.Add("weight", (weight, shape));

        foreach (var (name, gradient) in trainables.Zip(gradients))
        {
            AssertSlopes(session, inputs, name, Run(session, inputs, gradient), shown, weight);
        }
    }

    private static void AssertSlopes(
        InferenceSession session,
        Dictionary<string, (float[] Values, long[] Shape)> inputs,
        string name,
        float[] gradient,
        string output,
        float[] weight)
    {
        var (start, shape) = inputs[name];
        Xunit.Assert.Equal(start.Length, gradient.Length);
        var norm = Math.Sqrt(gradient.Sum(value => (double)value * value));
        Xunit.Assert.True(norm > 1e-3, $"{name}: the gradient vanishes");
        var generator = new PortableRandom(5);
        for (var direction = 0; direction < 6; direction++)
        {
            var way = start.Select(_ => generator.Uniform(-1, 1)).ToArray();

            // Five-point differences: their own error is of the fourth order.
            var slope = ((8 * (At(1) - At(-1))) - (At(2) - At(-2))) / (12 * Width);
            var expected = way.Zip(gradient, (d, g) => d * g).Sum();
            var scale = Math.Max(norm, Math.Abs(expected));
            Xunit.Assert.True(Math.Abs(slope - expected) <= 2e-3 * scale, $"{name}: the slope is {slope}, by the gradient {expected}");

            double At(int steps)
            {
                var moved = start.Zip(way, (value, d) => (float)(value + (steps * Width * d))).ToArray();
                var values = Run(session, new(inputs) { [name] = (moved, shape) }, output);
                return values.Zip(weight, (value, w) => (double)value * w).Sum();
            }
        }
    }

    private static bool IsWeight(TensorProto tensor) =>
        tensor.Name.StartsWith("tensor", StringComparison.Ordinal) && tensor.DataType == (int)TensorProto.Types.DataType.Float && tensor.Dims.Count > 0;

    private static float[] Grid(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new PortableRandom(3).Shuffle(order);
        return [.. order.Select(place => (float)((place - (count / 2) + 0.5) * Step))];
    }

    private static float[] Run(InferenceSession session, Dictionary<string, (float[] Values, long[] Shape)> inputs, string output)
    {
        var values = inputs.ToDictionary(input => input.Key, input => OrtValue.CreateTensorValueFromMemory(input.Value.Values, input.Value.Shape));
        try
        {
            using var options = new RunOptions();
            using var results = session.Run(options, values, [output]);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            foreach (var value in values.Values)
            {
                value.Dispose();
            }
        }
    }
}
