using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Losses;

/// <summary>The loss a job names, over classes. <see cref="Scoring"/> counts the same one row by row.</summary>
internal static class JobLoss
{
    /// <param name="training">Names the loss.</param>
    /// <param name="logits">Name of the logits, [N, classes].</param>
    /// <param name="labels">Name of the input with the class of each row, int64 [N].</param>
    public static ILoss Of(TrainingSpec training, string logits, string labels)
    {
        var target = Target.Classes(labels);
        return training.Loss switch
        {
            LossKind.CrossEntropy => new CrossEntropyLoss(logits, target),
            LossKind.BinaryCrossEntropy => new BinaryCrossEntropyLoss(logits, target),
            LossKind.MeanSquared => new MeanSquaredLoss(logits, target),
            _ => new HuberLoss(logits, target, (float)training.HuberDelta),
        };
    }
}
