using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Training;
using FlameEdge.Testing;

namespace FlameEdge.Onnx.Tests.Golden;

[Trait("Category", "Golden")]
public class GoldenGradientTests
{
    public static TheoryData<string> Cases => [.. GoldenCase.Names(refusals: false).DefaultIfEmpty("none")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Agrees_with_torch(string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var golden = GoldenCase.Open(name);

        AssertFirstPass(golden);
        if (golden.PartialRows is { } rows)
        {
            AssertPartialBatch(golden, rows);
        }

        if (golden.Values.Any(tensor => tensor.Role == "sgd_1"))
        {
            AssertBuffers(golden, GradientRun.Steps(golden, "sgd").Parameters);
            AssertSteps(golden, "sgd", 1, 5);
            AssertSteps(golden, "adam", 5);
            AssertSteps(golden, "adamw", 5);
        }
    }

    internal static string? Refusal(GoldenCase golden)
    {
        try
        {
            _ = new BackwardGraph(golden.Forward(), golden.Trainables, golden.Loss());
            return null;
        }
        catch (ModelMismatchException refusal)
        {
            return refusal.Message;
        }
    }

    private static void AssertFirstPass(GoldenCase golden)
    {
        var (loss, outputs, gradients) = GradientRun.Once(golden);

        AssertWithin(golden, "loss", Measures.Loss(loss, golden.Expected.GetProperty("loss").GetDouble()), "loss");
        foreach (var expected in golden.Values.Where(tensor => tensor.Role == "output"))
        {
            AssertWithin(golden, expected.Name, Measures.Output(outputs[expected.Name], expected.Floats), "outputs");
        }

        foreach (var expected in golden.Values.Where(tensor => tensor.Role == "buffer_after_1"))
        {
            AssertWithin(golden, $"{expected.Name} after one pass", Measures.Output(outputs[golden.BufferOutputs[expected.Name]], expected.Floats), "outputs");
        }

        AssertGradients(golden, "gradient", gradients);
    }

    private static void AssertPartialBatch(GoldenCase golden, int rows)
    {
        var (loss, _, gradients) = GradientRun.Once(golden, rows);

        AssertWithin(golden, "partial loss", Measures.Loss(loss, golden.Expected.GetProperty("partial_loss").GetDouble()), "loss");
        AssertGradients(golden, "partial_gradient", gradients);
    }

    private static void AssertGradients(GoldenCase golden, string role, Dictionary<string, float[]> gradients)
    {
        var expected = golden.Values.Where(tensor => tensor.Role == role).ToList();
        Assert.Equal(golden.Trainables.Count, expected.Count);
        var largest = expected.Max(tensor => Measures.Largest(tensor.Floats));
        foreach (var tensor in expected)
        {
            AssertWithin(golden, $"{role} of {tensor.Name}", Measures.Gradient(gradients[tensor.Name], tensor.Floats, largest), "gradients");
        }
    }

    private static void AssertBuffers(GoldenCase golden, Dictionary<int, Dictionary<string, float[]>> parameters)
    {
        foreach (var (role, step) in new[] { ("buffer_after_1", 1), ("buffer_after_5", 5) })
        {
            var expected = golden.Values.Where(tensor => tensor.Role == role).ToList();
            Assert.Equal(golden.BufferOutputs.Count, expected.Count);
            foreach (var tensor in expected)
            {
                AssertWithin(golden, $"{role} of {tensor.Name}", Measures.Output(parameters[step][tensor.Name], tensor.Floats), "buffers");
            }
        }
    }

    private static void AssertSteps(GoldenCase golden, string optimizer, params int[] steps)
    {
        var (losses, parameters) = GradientRun.Steps(golden, optimizer);
        var initial = GradientRun.Initial(golden);

        Assert.Equal(6, losses.Count);
        foreach (var (got, expected) in losses.Zip(golden.Expected.GetProperty("losses").GetProperty(optimizer).EnumerateArray()))
        {
            AssertWithin(golden, $"{optimizer}: loss on the way", Measures.Loss(got, expected.GetDouble()), "loss");
        }

        foreach (var step in steps)
        {
            var role = $"{optimizer}_{step}";
            var expected = golden.Values.Where(tensor => tensor.Role == role).ToList();
            Assert.Equal(golden.Trainables.Count, expected.Count);
            var largest = expected.Max(tensor => Measures.Distance(tensor.Floats, initial[tensor.Name]));
            foreach (var tensor in expected)
            {
                var movement = Measures.Movement(parameters[step][tensor.Name], tensor.Floats, initial[tensor.Name], largest);
                AssertWithin(golden, $"{role} of {tensor.Name}", movement, role);
            }
        }
    }

    private static void AssertWithin(GoldenCase golden, string what, double measure, string tolerance) => Assert.True(
        measure <= golden.Tolerance(tolerance),
        $"{golden.Name}: {what} is off by {measure:E2}, allowed is {golden.Tolerance(tolerance):E2}");
}
