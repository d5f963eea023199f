using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>Sums that a matrix product can take along.</summary>
internal static class Accumulation
{
    /// <summary><paramref name="value"/> + factor × <paramref name="input"/>, an input of the graph of the same shape. Where a Gemm that nobody else reads makes the value, it adds the input itself.</summary>
    public static Value PlusMultiple(this Value value, float factor, Value input)
    {
        var graph = value.Graph;
        if (graph.MakerOf(value) is not { OpType: "Gemm", Input.Count: 2 } product || graph.IsRead(value))
        {
            return value + (factor * input);
        }

        product.Input.Add(input.Name);
        product.Attribute.Add(Attributes.Of("beta", factor));
        return value;
    }
}
