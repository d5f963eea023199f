using FlameEdge.Onnx.Inspection;
using FlameEdge.Onnx.Tests.Golden;
using FlameEdge.Testing;

namespace FlameEdge.Onnx.Tests;

/// <summary>The check that people run on their own models finds nothing wrong where torch found nothing wrong.</summary>
[Trait("Category", "Golden")]
public class GradientCheckTests
{
    private static readonly Dictionary<string, IReadOnlyList<long>> s_asStated = [];

    public static TheoryData<string> Cases => [.. GoldenCase.Names(refusals: false).DefaultIfEmpty("none")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Slopes_agree_with_gradients(string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var slopes = GradientCheck.Of(GoldenCase.Open(name).ModelPath, s_asStated);

        Assert.NotEmpty(slopes);
        Assert.All(slopes, slope => Assert.True(slope.IsRight, $"{slope}"));
        Assert.Contains(slopes, slope => slope.Computed != 0);
    }
}
