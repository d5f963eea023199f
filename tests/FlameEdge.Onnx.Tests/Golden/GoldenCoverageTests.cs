using FlameEdge.Testing;

namespace FlameEdge.Onnx.Tests.Golden;

[Trait("Category", "Golden")]
public class GoldenCoverageTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_case_is_trained_and_none_refused()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var cases = GoldenCase.Names(refusals: false).Select(GoldenCase.Open).ToList();
        var refused = cases.Where(golden => GoldenGradientTests.Refusal(golden) is not null).Select(golden => golden.Name).ToList();

        output.WriteLine($"{cases.Count - refused.Count} trained, {refused.Count} refused: {string.Join(", ", refused)}");
        Assert.NotEmpty(cases); // A folder that is missed shall not look like a pass.
        Assert.Empty(refused);
    }
}
