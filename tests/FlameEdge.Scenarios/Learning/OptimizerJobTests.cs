using FlameEdge.Scenarios.Curves;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Learning;

/// <summary>What a job says of losses, optimizers and freezing reaches the devices.</summary>
public class OptimizerJobTests
{
    // The reference's logistic regression on all rows reaches 0.9028. The floors stand two hundredths below what these seeds reached (0.89, 0.89, 0.87,
    // and 0.77 on frozen random features): binary cross-entropy's was set beforehand. They notice
    // an optimizer that stops learning, not one that learns a little worse.
    [Theory]
    [InlineData(0.87, "training.optimizer=adam", "training.learningRate=0.01")]
    [InlineData(0.87, "training.optimizer=adamw", "training.learningRate=0.01", "training.weightDecay=0.01", "training.clipNorm=1")]
    [InlineData(0.85, "training.momentum=0.9", "training.nesterov=true", "training.learningRate=0.05", "training.proximal=0.1")]
    [InlineData(0.85, "training.loss=binary-cross-entropy", "training.learningRate=1")]
    [InlineData(0.74, "model.kind=mlp", "model.hidden=[32]", "model.trainLast=1", "training.optimizer=adam", "training.learningRate=0.01")]
    public async Task Digits_are_learned(double accuracy, params string[] settings)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var result = await Command.RunAsync(
            GoldenJob.Path("digits"),
            Command.Set([GoldenJob.Data("digits"), "rounds.count=10", "training.batchSize=32", "training.steps=30", .. settings]));

        Assert.True(result.Rounds[^1].Accuracy >= accuracy, $"{string.Join(", ", settings)}: {result.Rounds[^1].Accuracy}");
    }
}
