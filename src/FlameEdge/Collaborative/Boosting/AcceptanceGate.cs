using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Looks at an arrived specialist before it may speak (§5.3, our design).</summary>
public static class AcceptanceGate
{
    private const double LeastAuc = 0.70;
    private const double LeastAucLater = 0.60;
    private const int FewPositives = 4;
    private const double MostBasePositives = 0.5;
    private const float MostNormRatio = 10;

    /// <summary>Judges <paramref name="stage"/>, as its packet has it, on rows that the target has: null where it may be used, else why not.</summary>
    /// <param name="stage">The specialist.</param>
    /// <param name="own">The target's network, for the size of its weights.</param>
    /// <param name="positives">Rows of the class.</param>
    /// <param name="negatives">Rows of the classes that the target knew before: two new ones that look alike must not refuse each other's help.</param>
    public static Refusal? Judge(Stage stage, ISiteModel own, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        if (!TensorPrimitives.IsFiniteAll(stage.Network.Parameters) || (stage.Front is { } front && !TensorPrimitives.IsFiniteAll(front.Parameters)))
        {
            return Refusal.NotFinite;
        }

        if (LargestNorm(stage.Network) > MostNormRatio * stage.Averaging.Factor * MedianNorm(own))
        {
            return Refusal.TooLarge;
        }

        if (positives.Count == 0 || negatives.Count == 0)
        {
            return Refusal.Untested;
        }

        var scores = stage.Score(BinaryTraining.Stack(negatives)).ToArray();
        if (BinaryTraining.PositiveRate(scores) > MostBasePositives)
        {
            return Refusal.FiresOnOthers;
        }

        var auc = Auc(stage, positives, scores);
        return auc >= LeastAuc ? null : positives.Count < FewPositives && auc > 1 - LeastAuc ? Refusal.Untested : Refusal.DoesNotSeparate;
    }

    /// <summary>True where a stage, as it arrived, separates the class on the rows known by now: one or two positives prove little, and a random packet passes them often.</summary>
    public static bool StillSeparates(Stage stage, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var arrived = new Stage(stage.Label, stage.Arrived, stage.Averaging, stage.Origin, stage.Front);
        return positives.Count == 0 || negatives.Count == 0 || Auc(arrived, positives, arrived.Score(BinaryTraining.Stack(negatives)).ToArray()) >= LeastAucLater;
    }

    private static double Auc(Stage stage, IReadOnlyList<float[]> positives, float[] negativeScores) =>
        BinaryTraining.Auc(stage.Score(BinaryTraining.Stack(positives)), negativeScores);

    private static float LargestNorm(DenseNetwork network) => network.Layers.SelectMany(layer => Norms(network, layer)).Max();

    // A network that shows only logits has no units to compare with.
    private static float MedianNorm(ISiteModel model)
    {
        float[] norms = [.. model.Layers.SelectMany(layer => Norms(model, layer)).Order()];
        return norms.Length == 0 ? float.PositiveInfinity : norms[norms.Length / 2];
    }

    private static IEnumerable<float> Norms(ISiteModel model, UnitLayer layer) =>
        Enumerable.Range(0, layer.Outputs).Select(unit => TensorPrimitives.Norm(layer.Row(model.Parameters, unit)));
}

/// <summary>Why a specialist is not used.</summary>
public enum Refusal
{
    /// <summary>No local example of the class yet: it waits in the shadow.</summary>
    Untested,

    /// <summary>It comes too late.</summary>
    Expired,

    /// <summary>It was made for other features.</summary>
    OtherInput,

    /// <summary>It stands on another frozen backbone, or on none where the target has one.</summary>
    OtherBackbone,

    /// <summary>It changes something that is not here, or no longer as it was sent: the whole is needed.</summary>
    BrokenChain,

    /// <summary>It holds numbers that are none.</summary>
    NotFinite,

    /// <summary>A unit's weights are more than ten times as large as the target's own.</summary>
    TooLarge,

    /// <summary>It fires on more than half of the rows of other classes.</summary>
    FiresOnOthers,

    /// <summary>It does not tell the class from the others: area under the ROC curve below 0.70.</summary>
    DoesNotSeparate,

    /// <summary>It was in use and made predictions worse.</summary>
    Harmful,

    /// <summary>Its source was revoked.</summary>
    Revoked,

    /// <summary>Its bytes are no packet.</summary>
    Unreadable,
}
