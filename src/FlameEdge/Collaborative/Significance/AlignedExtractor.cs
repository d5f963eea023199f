using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Collaborative.Significance;

/// <summary>The changes of hidden weights since a common ancestor that matter most for a class, and its output row (§4.7, our design). Of use only where target and helper began as the same network.</summary>
public static class AlignedExtractor
{
    /// <summary>The <paramref name="count"/> largest |Δw · (E_c[∂m/∂w] − E_rest[∂m/∂w])| of the hidden layers.</summary>
    public static AlignedDelta Extract(ISiteModel model, ReadOnlySpan<float> ancestor, ClassSample sample, int count)
    {
        var last = model.Layers[^1];
        var change = model.Parameters[..last.Offset].ToArray();
        TensorPrimitives.Subtract(change, ancestor[..last.Offset], change);
        var contrast = Gradients(model, sample.Positives, sample.Label);
        TensorPrimitives.Subtract(contrast, Gradients(model, sample.Negatives, sample.Label), contrast);
        TensorPrimitives.Multiply(contrast.AsSpan(0, change.Length), change, contrast);
        int[] indices = [.. Enumerable.Range(0, change.Length).OrderByDescending(i => Math.Abs(contrast[i])).ThenBy(i => i).Take(count).Order()];
        float[] deltas = [.. indices.Select(i => change[i])];
        var (scale, bytes) = Quantized(deltas);
        var (rowScale, row) = Quantized(last.Row(model.Parameters, sample.Label));
        return new AlignedDelta(indices, scale, bytes, rowScale, row, last.Biases(model.Parameters)[sample.Label]);
    }

    /// <summary>The parameters of <paramref name="model"/> with a class's deltas and row written in; null where they do not fit it.</summary>
    public static float[]? Apply(AlignedDelta aligned, ISiteModel model, ReadOnlySpan<float> ancestor, int label)
    {
        var last = model.Layers[^1];
        if (aligned.Row.Length != last.Inputs || (aligned.Indices.Count > 0 && aligned.Indices[^1] >= last.Offset))
        {
            return null;
        }

        var parameters = model.Parameters.ToArray();
        for (var i = 0; i < aligned.Indices.Count; i++)
        {
            parameters[aligned.Indices[i]] = ancestor[aligned.Indices[i]] + ((float)aligned.Scale * aligned.Deltas[i]);
        }

        for (var i = 0; i < last.Inputs; i++)
        {
            parameters[last.Offset + (label * last.Inputs) + i] = (float)aligned.RowScale * aligned.Row[i];
        }

        parameters[last.BiasOffset + label] = aligned.RowBias;
        return parameters;
    }

    private static float[] Gradients(ISiteModel model, float[] rows, int label)
    {
        ClassMargin.Pass(model, rows, label);
        return model.ParameterGradients.ToArray();
    }

    private static (Half Scale, sbyte[] Bytes) Quantized(ReadOnlySpan<float> values)
    {
        var scale = QuantizedLayer.ScaleOf(values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values)));
        var bytes = new sbyte[values.Length];
        QuantizedLayer.QuantizeRow(values, scale, bytes);
        return (scale, bytes);
    }
}
