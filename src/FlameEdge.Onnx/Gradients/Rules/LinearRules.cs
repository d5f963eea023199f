using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Products of matrices: dA = dY Bᵀ, dB = Aᵀ dY.</summary>
internal static class LinearRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Gemm", Gemm, 0, 1, 2),
        new("MatMul", MatMul, 0, 1),
    ];

    // Y = alpha * A' B' + beta * C, where A' is A or its transpose; [M, K] x [K, N].
    private static void Gemm(NodeGradient node)
    {
        var (a, b, dY) = (node.Input(0), node.Input(1), node.Gradient);
        var alpha = node.Node.Float("alpha", 1);
        var transA = node.Node.Int("transA", 0) != 0;
        var transB = node.Node.Int("transB", 0) != 0;
        if (node.Wants(0))
        {
            node.Give(0, transA ? Product(b, dY, transB, true, alpha) : Product(dY, b, false, !transB, alpha));
        }

        if (node.Wants(1))
        {
            node.Give(1, transB ? Product(dY, a, true, transA, alpha) : Product(a, dY, !transA, false, alpha));
        }

        if (node.Wants(2))
        {
            node.GiveBroadcast(2, node.Node.Float("beta", 1) * dY);
        }
    }

    private static void MatMul(NodeGradient node)
    {
        var (a, b, dY) = (node.Input(0), node.Input(1), node.Gradient);
        if (node.TypeOf(a) is not { } left || node.TypeOf(b) is not { } right)
        {
            throw node.Refusal("the ranks of both factors must be known before it runs");
        }

        if (left.Dimensions.Count == 1 || right.Dimensions.Count == 1)
        {
            WithVector(node, left.Dimensions.Count == 1, right.Dimensions.Count == 1, left.Dimensions.Count, right.Dimensions.Count);
            return;
        }

        if (node.Wants(0))
        {
            var product = right.Dimensions.Count == 2 && left.Dimensions.Count == 2
                ? Product(dY, b, false, true)
                : node.Graph.Op("MatMul", dY, Swapped(b, right.Dimensions.Count));
            node.Give(0, Broadcasting.Undo(product, Stacked(left, node), a, left));
        }

        if (!node.Wants(1))
        {
            return;
        }

        if (right.Dimensions.Count == 2)
        {
            // All matrices of the stack meet the same weights: one product over all rows sums them up.
            var (rows, columns) = (Rows(a, left, right.Dimensions[0]), Rows(dY, left, right.Dimensions[1]));
            node.Give(1, Product(rows, columns, true, false));
            return;
        }

        var stack = node.Graph.Op("MatMul", Swapped(a, left.Dimensions.Count), dY);
        node.Give(1, Broadcasting.Undo(stack, Stacked(right, node), b, right));
    }

    // A vector on the left is a matrix of one row, one on the right of one column; its axis is missing in the output.
    private static void WithVector(NodeGradient node, bool isRow, bool isColumn, int leftRank, int rightRank)
    {
        var (a, b, dY) = (node.Input(0), node.Input(1), node.Gradient);
        dY = isColumn ? dY.Unsqueeze(-1) : dY;
        dY = isRow ? dY.Unsqueeze(isColumn ? 0 : -2) : dY;
        if (node.Wants(0))
        {
            var product = node.Graph.Op("MatMul", dY, isColumn ? b.Unsqueeze(0) : Swapped(b, rightRank));
            node.Give(0, isRow ? product.Reshape(-1, node.SizesOf(a)[0]).Sum([0], keep: false) : product);
        }

        if (node.Wants(1))
        {
            var product = node.Graph.Op("MatMul", isRow ? a.Unsqueeze(1) : Swapped(a, leftRank), dY);
            node.Give(1, isColumn ? product.Reshape(-1, node.SizesOf(b)[0]).Sum([0], keep: false) : product);
        }
    }

    // The product has the stack of the output and the matrices of the factor.
    private static TensorInfo? Stacked(TensorInfo factor, NodeGradient node)
    {
        if (node.TypeOf(node.Output()) is not { } output)
        {
            return null;
        }

        return new TensorInfo(
            factor.Type,
            [.. output.Dimensions.SkipLast(2), .. factor.Dimensions.TakeLast(2)],
            [.. output.Symbols.SkipLast(2), .. factor.Symbols.TakeLast(2)]);
    }

    private static Value Rows(Value value, TensorInfo stack, int width) =>
        stack.Dimensions.Count == 2 ? value : value.Reshape(value.Graph.Op("Concat", [value.Graph.Integers(-1), Width(value, stack, width)], Attributes.Of("axis", 0)));

    private static Value Width(Value value, TensorInfo stack, int width) =>
        width >= 0 ? value.Graph.Integers(width) : value.Size(stack.Dimensions.Count - 1);

    private static Value Swapped(Value value, int rank) =>
        value.Transpose([.. Enumerable.Range(0, rank - 2).Select(axis => (long)axis), rank - 1, rank - 2]);

    private static Value Product(Value a, Value b, bool transA, bool transB, float alpha = 1) => a.Graph.Op(
        "Gemm",
        [a, b],
        Attributes.Of("alpha", alpha),
        Attributes.Of("transA", transA ? 1L : 0L),
        Attributes.Of("transB", transB ? 1L : 0L));
}
