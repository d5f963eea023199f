using FlameEdge.Topology;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>What training makes small: means over rows, and over classes where the target is one-hot.</summary>
internal static class Losses
{
    /// <summary>The loss of <paramref name="logits"/> [N, classes] against <paramref name="labels"/> int64 [N], a scalar.</summary>
    public static Tensor Of(TrainingSpec training, Tensor logits, Tensor labels) => training.Loss switch
    {
        LossKind.CrossEntropy => nn.functional.cross_entropy(logits, labels),
        LossKind.BinaryCrossEntropy => nn.functional.binary_cross_entropy_with_logits(logits, OneHot(logits, labels)),
        LossKind.MeanSquared => nn.functional.mse_loss(logits, OneHot(logits, labels)),
        _ => nn.functional.huber_loss(logits, OneHot(logits, labels), training.HuberDelta),
    };

    private static Tensor OneHot(Tensor logits, Tensor labels) => nn.functional.one_hot(labels, logits.shape[1]).to_type(ScalarType.Float32);
}
