using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>The table of all cases. A new rule needs one here.</summary>
internal static class AllCases
{
    public static IReadOnlyList<OracleCase> All { get; } =
    [
        .. LinearCases.All,
        .. ArithmeticCases.All,
        .. ActivationCases.All,
        .. ReductionCases.All,
        .. ConvolutionCases.All,
        .. PoolingCases.All,
        .. NormalizationCases.All,
        .. ShapeCases.All,
        .. IndexingCases.All,
        .. WholeNetCases.All,
    ];

    public static AttributeProto A(string name, long value) => Attributes.Of(name, value);

    public static AttributeProto A(string name, float value) => Attributes.Of(name, value);

    public static AttributeProto A(string name, string value) => Attributes.Of(name, value);

    public static AttributeProto A(string name, long[] values) => Attributes.Of(name, values);
}
