using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class TrainerTests() : TrainerContract(new OnnxEngine())
{
    private static readonly TrainingSpec s_sgd = new() { LearningRate = 0.05, Momentum = 0.9, BatchSize = 16, Epochs = 3 };

    public static TheoryData<string, TrainingSpec> Steps => new()
    {
        { "full batch", s_sgd with { BatchSize = null } },
        { "sgd", s_sgd with { BatchSize = 32 } },
        { "adamw", s_sgd with { BatchSize = 32, Optimizer = OptimizerKind.AdamW, ClipNorm = 1, Proximal = 0.1 } },
    };

    [Fact]
    public void Two_threads_give_the_same_bits_again_and_again() => GivesTheSameBits("lenet", threads: 2);

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_step_allocates_next_to_nothing(string name, TrainingSpec training)
    {
        // 300 rows in batches of 32 end in a shorter one.
        const int StepCount = 1000;
        var data = TestModels.Clusters(300, 3, seed: 1, shape: 40);
        using var trainer = Trainers.Open(TestModels.Mlp("relu", 16), data, training with { Steps = StepCount });

        var perStep = Allocated(trainer, data) / (double)StepCount;

        Assert.True(perStep <= 256, $"{name}: {perStep} bytes per step");
    }

    private static long Allocated(OnnxTrainer trainer, Dataset data)
    {
        trainer.Initialize(1);
        trainer.Train(data, 1, TestContext.Current.CancellationToken);
        var before = GC.GetAllocatedBytesForCurrentThread();
        trainer.Train(data, 1, TestContext.Current.CancellationToken);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
