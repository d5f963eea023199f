using System.Collections.Frozen;
using FlameEdge.Onnx.Gradients.Rules;

namespace FlameEdge.Onnx.Gradients;

/// <summary>The table of all rules. A new operator is a line in its family's list.</summary>
internal static class GradientRules
{
    private static readonly FrozenDictionary<string, GradientRule> s_rules = new[]
    {
        LinearRules.All,
        ArithmeticRules.All,
        VariadicRules.All,
        ActivationRules.All,
        ShapeRules.All,
        ConvolutionRules.All,
        PoolingRules.All,
        EinsumRules.All,
        ReductionRules.All,
        IndexingRules.All,
        NormalizationRules.All,
        OpaqueRules.All,
    }.SelectMany(family => family).ToFrozenDictionary(rule => rule.Operator, StringComparer.Ordinal);

    /// <summary>The rule of an operator, or null where there is none.</summary>
    public static GradientRule? Find(string type) => s_rules.GetValueOrDefault(type);
}
