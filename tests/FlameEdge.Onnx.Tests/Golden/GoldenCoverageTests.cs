using FlameEdge.Testing;

namespace FlameEdge.Onnx.Tests.Golden;

[Trait("Category", "Golden")]
public class GoldenCoverageTests(ITestOutputHelper output)
{
    // What is supported stays supported: raise the floor with every new rule.
    private const int SupportedFloor = 127;

    [Fact]
    public void Most_cases_are_trained_and_not_refused()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var cases = GoldenCase.Names(refusals: false).Select(GoldenCase.Open).ToList();
        var refused = cases.Where(golden => GoldenGradientTests.Refusal(golden) is not null).Select(golden => golden.Name).ToList();
        var withoutLoss = cases.Where(golden => golden.Loss() is null).Select(golden => golden.Name).Except(refused).ToList();
        var supported = cases.Count - refused.Count - withoutLoss.Count;

        output.WriteLine($"{supported} trained, {refused.Count} refused: {string.Join(", ", refused)}; without a loss: {string.Join(", ", withoutLoss)}");
        Assert.True(supported >= SupportedFloor, $"only {supported} golden cases are trained");
    }
}
