namespace FlameEdge.Onnx.Tests.Rules;

public class RuleTests
{
    public static TheoryData<string> Cases => [.. RuleCases.All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_gradient_is_the_slope_that_differences_show(string name)
    {
        var (sample, build, opset) = RuleCases.All[name];

        GradientCheck.Assert(sample, build, opset);
    }
}
