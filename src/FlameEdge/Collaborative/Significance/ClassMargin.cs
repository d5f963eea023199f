using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>m_c = z_c − ln Σ_{j≠c} exp(z_j): the log-odds that a network gives a class, a loss that needs no labels (§4.1).</summary>
internal static class ClassMargin
{
    /// <summary>Turns logits [rows, classes] into the margin's gradients in place: 1 at the class, −softmax over the others elsewhere.</summary>
    public static void Gradients(Span<float> logits, int classCount, int label)
    {
        for (var row = 0; row < logits.Length; row += classCount)
        {
            var values = logits.Slice(row, classCount);
            values[label] = float.NegativeInfinity;
            Logits.Softmax(values, values);
            TensorPrimitives.Negate(values, values);
            values[label] = 1;
        }
    }

    /// <summary>Runs rows [rows, features] forward and the mean margin backward.</summary>
    public static void Pass(ISiteModel model, float[] rows, int label)
    {
        var logits = new float[rows.Length / model.FeatureCount * model.ClassCount];
        model.Forward(rows, logits);
        Gradients(logits, model.ClassCount, label);
        TensorPrimitives.Divide(logits, rows.Length / model.FeatureCount, logits);
        model.Backward(logits);
    }
}
