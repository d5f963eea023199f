using BenchmarkDotNet.Attributes;
using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Topology;

namespace FlameEdge.Benchmarks;

/// <summary>Time and allocations per optimizer step on one thread; samples per second are rows over the time.</summary>
[MemoryDiagnoser]
public class TrainingBenchmarks
{
    private const int StepsPerCall = 100;

    private ITrainer _trainer = null!;
    private Dataset _data = null!;

    /// <summary>784-128-10 with relu, or LeNet on 28 x 28.</summary>
    [Params("mlp", "lenet")]
    public string Model { get; set; } = "mlp";

    [Params(32, 256)]
    public int BatchSize { get; set; }

    [Params(OptimizerKind.Sgd, OptimizerKind.Adam)]
    public OptimizerKind Optimizer { get; set; }

    [GlobalSetup]
    public void Open()
    {
        var random = new Random(1);
        var features = Enumerable.Range(0, 1024 * 784).Select(_ => random.NextSingle()).ToArray();
        var labels = Enumerable.Range(0, 1024).Select(_ => random.Next(10)).ToArray();
        _data = new Dataset("noise", [1, 28, 28], 10, features, labels);
        _trainer = new OnnxEngine().Open(
            new ModelSpec { Kind = Model, Hidden = [128] },
            _data.SampleShape,
            _data.ClassCount,
            new TrainingSpec { BatchSize = BatchSize, Steps = StepsPerCall, LearningRate = 0.01, Momentum = 0.9, Optimizer = Optimizer });
        _trainer.Initialize(1);
    }

    [Benchmark(OperationsPerInvoke = StepsPerCall)]
    public TrainingResult Step() => _trainer.Train(_data, 1, CancellationToken.None);

    [GlobalCleanup]
    public void Close() => _trainer.Dispose();
}
