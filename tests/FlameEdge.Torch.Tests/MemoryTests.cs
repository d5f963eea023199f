using System.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests;

/// <summary>Nothing grows, however long a worker trains.</summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public class MemoryTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("mlp", OptimizerKind.Sgd)]
    [InlineData("mlp", OptimizerKind.Adam)]
    [InlineData("lenet", OptimizerKind.AdamW)]
    public void Thousands_of_steps_leave_no_tensor_behind(string kind, OptimizerKind optimizer)
    {
        var data = TestModels.Clusters(64, 3, seed: 1, shape: [1, 12, 12]);
        var training = new TrainingSpec { Optimizer = optimizer, LearningRate = 0.001, Momentum = 0.5, BatchSize = 24, Steps = 500, ClipNorm = 1, Proximal = 0.1 };
        using var trainer = Trainers.Open(new ModelSpec { Kind = kind, Hidden = [16] }, data, training);
        trainer.Initialize(1);
        Round(trainer, data);
        Round(trainer, data);
        var resident = Resident();
        var tensors = Tensor.TotalCount;

        for (var round = 0; round < 6; round++)
        {
            Round(trainer, data);
        }

        var growth = Resident() - resident;
        var left = Tensor.TotalCount - tensors;
        output.WriteLine($"{kind}: {left} tensors, {growth / 1024} KiB over 3000 steps");
        Assert.InRange(left, long.MinValue, 0); // other tests' remains may still go away

        // A leak of one small batch per step would be 40 MB; the collector's own breathing is a few.
        Assert.InRange(growth, long.MinValue, 24 << 20);
    }

    [Fact]
    public void A_step_allocates_little_on_the_managed_heap()
    {
        var data = TestModels.Clusters(320, 3, seed: 1, shape: 800);
        using var trainer = Trainers.Open(TestModels.Mlp("relu", 16), data, new TrainingSpec { Momentum = 0.9, BatchSize = 16, Steps = 200 });
        trainer.Initialize(1);
        Round(trainer, data);
        var before = GC.GetAllocatedBytesForCurrentThread();

        trainer.Train(data, 1, TestContext.Current.CancellationToken);

        // TorchSharp makes an object per tensor: about a dozen of them per step of this net, whatever the sizes.
        var perStep = (GC.GetAllocatedBytesForCurrentThread() - before) / 200.0;
        output.WriteLine($"{perStep} B per step");
        Assert.InRange(perStep, 0, 3000);
    }

    private static void Round(TorchTrainer trainer, Dataset data)
    {
        trainer.Load(trainer.Parameters());
        trainer.Train(data, 1, TestContext.Current.CancellationToken);
        trainer.Evaluate(data, TestContext.Current.CancellationToken);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
