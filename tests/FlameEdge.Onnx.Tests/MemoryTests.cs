using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

[CollectionDefinition("alone", DisableParallelization = true)]
public class AloneCollection;

/// <summary>Resident memory is the process's, so these run while no other test does.</summary>
[Collection("alone")]
public class MemoryTests
{
    private const int StepCount = 2000;

    public static TheoryData<OptimizerKind> Optimizers => [OptimizerKind.Sgd, OptimizerKind.Adam];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Memory_does_not_grow_with_the_steps(OptimizerKind optimizer)
    {
        var data = TestModels.Clusters(300, 3, seed: 1, shape: 40);
        using var trainer = Trainers.Open(TestModels.Mlp("relu", 16), data, new TrainingSpec { BatchSize = 32, Steps = StepCount, Optimizer = optimizer, LearningRate = 0.001 });
        trainer.Initialize(1);
        using var pass = trainer.OpenPass([trainer.TapPoints[0].Name]);
        Round();
        var before = Resident();

        for (var round = 0; round < 5; round++)
        {
            Round();
        }

        // 10 000 steps: a single leaked batch of the smallest layer per step would be 20 MB. The tests before leave some megabytes that settle meanwhile.
        Assert.InRange(Resident() - before, long.MinValue, 12 << 20);

        void Round()
        {
            trainer.Train(data, 1, TestContext.Current.CancellationToken);
            var logits = new float[32 * 3];
            for (var step = 0; step < StepCount / 10; step++)
            {
                pass.Forward(data.Features[..(32 * 40)], logits);
                pass.Backward(logits);
            }
        }
    }

    private static long Resident()
    {
        GC.Collect();
        return Environment.WorkingSet;
    }
}
