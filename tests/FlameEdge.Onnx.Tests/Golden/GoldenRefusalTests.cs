using System.Diagnostics;
using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Onnx.Training;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests.Golden;

[Trait("Category", "Golden")]
public class GoldenRefusalTests
{
    private const long FewBytes = 8 << 20;

    public static TheoryData<string> Cases => [.. GoldenCase.Names(refusals: true).DefaultIfEmpty("none")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_refused_quickly_cheaply_and_where_the_fault_is(string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var golden = GoldenCase.Open(name);
        Warm();

        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var refusal = Record.Exception(() => Use(golden));

        Assert.True(refusal is ModelMismatchException or DatasetException, $"{name}: {refusal}");
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"{name} took {watch.Elapsed}");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FewBytes);
    }

    // Only what is at fault may refuse: what comes before it must work.
    private static void Use(GoldenCase golden)
    {
        switch (golden.Json.GetProperty("stage").GetString())
        {
            case "model":
                Open(golden, [4]);
                break;
            case "request":
                Assert.Null(Record.Exception(() => Open(golden, [4])));
                Differentiate(golden);
                break;
            default:
                Assert.Null(Record.Exception(() => Open(golden, [4])));
                Bind(golden);
                break;
        }
    }

    private static void Open(GoldenCase golden, int[] sampleShape)
    {
        using var trainer = new OnnxEngine().Open(new ModelSpec { Kind = "onnx", Path = golden.ModelPath }, sampleShape, 3, new TrainingSpec());
    }

    private static BackwardGraph Differentiate(GoldenCase golden) => new(golden.Forward(), golden.Trainables, Loss(golden));

    private static ProjectionLoss Loss(GoldenCase golden) => new([(golden.Outputs[0], "target")]);

    private static void Bind(GoldenCase golden)
    {
        var graph = new TrainingGraph(golden.Forward(), golden.Trainables, Loss(golden), StepRule.Of(new TrainingSpec()));
        using var state = new StateBuffers(graph.ToLayout(), graph.Rule);
        using var session = new StepSession(graph, state, golden.Name, 1);
        foreach (var tensor in golden.Labels.Concat(golden.Inputs))
        {
            using var value = tensor.ToOrtValue();
            session.Bind(tensor.Name, value);
        }
    }

    // The first use of the runtime loads it; that is not what is measured.
    private static void Warm()
    {
        using var trainer = new OnnxEngine().Open(new ModelSpec { Kind = "softmax" }, [2], 2, new TrainingSpec());
    }
}
