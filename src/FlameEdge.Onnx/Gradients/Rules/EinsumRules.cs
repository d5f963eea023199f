using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Sums of products by index letters: the gradient of a factor is the product of the output's gradient with the other factors.</summary>
internal static class EinsumRules
{
    public static IReadOnlyList<GradientRule> All { get; } = [new("Einsum", Einsum, [.. Enumerable.Range(0, 16)])];

    private static void Einsum(NodeGradient node)
    {
        var (factors, result) = Parse(node);
        CheckSizes(node, factors);
        for (var index = 0; index < factors.Length; index++)
        {
            if (node.Wants(index))
            {
                Give(node, index, factors, result);
            }
        }
    }

    private static void Give(NodeGradient node, int index, string[] factors, string result)
    {
        int[] others = [.. Enumerable.Range(0, factors.Length).Where(other => other != index)];
        string[] terms = [result, .. others.Select(other => factors[other])];
        if (factors[index].FirstOrDefault(letter => !terms.Any(term => term.Contains(letter, StringComparison.Ordinal))) is var lonely and not '\0')
        {
            throw node.Refusal($"the index '{lonely}' of factor {index} is summed alone; use ReduceSum for it");
        }

        var equation = $"{string.Join(',', terms)}->{factors[index]}";
        node.Give(index, node.Graph.Op("Einsum", [node.Gradient, .. others.Select(node.Input)], Attributes.Of("equation", equation)));
    }

    private static (string[] Factors, string Result) Parse(NodeGradient node)
    {
        var sides = node.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        var factors = sides[0].Split(',');
        var letters = string.Concat(factors);
        if (factors.Length != node.Node.Input.Count || !letters.All(char.IsAsciiLetter) || factors.Any(factor => factor.Distinct().Count() < factor.Length))
        {
            throw node.Refusal("only plain index letters, each once per factor, have a gradient");
        }

        // Without an arrow the result has the letters that occur once, in alphabetical order.
        return (factors, sides.Length > 1 ? sides[1] : string.Concat(letters.Where(letter => letters.Count(other => other == letter) == 1).Order()));
    }

    // A size of 1 is repeated where another factor has more: such a gradient would have to be summed again.
    private static void CheckSizes(NodeGradient node, string[] factors)
    {
        var sizes = factors.SelectMany((factor, index) => factor.Zip(node.SizesOf(node.Input(index), node.TypeOf(node.Input(index))?.Dimensions.Count ?? 0)));
        if (sizes.GroupBy(pair => pair.First).Any(letter => letter.Any(pair => pair.Second == 1) && letter.Any(pair => pair.Second != 1)))
        {
            throw node.Refusal("factors that are repeated along an index have no gradient");
        }
    }
}
