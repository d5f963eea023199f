namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Operators that no gradient passes: their outputs are integers or truth values, or flat wherever they have a slope.</summary>
internal static class OpaqueRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        .. new[]
        {
            "And", "ArgMax", "ArgMin", "Ceil", "Constant", "ConstantOfShape", "Equal", "EyeLike", "Floor", "Greater", "GreaterOrEqual", "Hardmax", "IsInf", "IsNaN",
            "Less", "LessOrEqual", "NonZero", "Not", "OneHot", "Or", "Range", "Round", "Shape", "Sign", "Size", "Xor",
        }.Select(type => new GradientRule(type, null)),
    ];
}
