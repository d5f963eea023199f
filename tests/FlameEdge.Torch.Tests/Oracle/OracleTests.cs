using System.Reflection;
using FlameEdge.Onnx.Gradients;
using FlameEdge.Torch.Tests.Oracle.Cases;

namespace FlameEdge.Torch.Tests.Oracle;

/// <summary>Every gradient rule of the training graphs against torch's autograd.</summary>
public class OracleTests
{
    // The largest difference relative to the largest value; a gradient that is small beside the case's largest counts as a hundredth of that.
    private const double Tolerance = 1e-4;

    private static readonly Dictionary<string, OracleCase> s_cases = AllCases.All.ToDictionary(oracle => oracle.Name, StringComparer.Ordinal);

    // What users were promised; whole nets need them together.
    private static readonly string[] s_promised =
    [
        "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Pow", "Neg", "Relu", "LeakyRelu", "Elu", "Gelu", "Erf", "Sigmoid", "HardSigmoid", "Tanh", "Softplus", "Clip", "Exp", "Log",
        "Sqrt", "Abs", "Softmax", "LogSoftmax", "ReduceMean", "ReduceSum", "ReduceMax", "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "BatchNormalization",
        "LayerNormalization", "GroupNormalization", "InstanceNormalization", "Dropout", "Concat", "Split", "Slice", "Pad", "Gather", "Reshape", "Flatten", "Squeeze", "Unsqueeze",
        "Transpose", "Expand", "Where", "Cast", "Identity",
    ];

    public static TheoryData<string, bool> Runs
    {
        get
        {
            var runs = new TheoryData<string, bool>();
            foreach (var oracle in AllCases.All)
            {
                runs.Add(oracle.Name, false);
                if (oracle.HasBatch)
                {
                    runs.Add(oracle.Name, true);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Values_and_gradients_are_those_of_torch(string name, bool openBatch)
    {
        var oracle = s_cases[name];
        var expected = OracleRun.Torch(oracle, openBatch);

        var got = OracleRun.Onnx(oracle, openBatch);

        for (var index = 0; index < expected.Outputs.Count; index++)
        {
            var difference = Distance(got.Outputs[index], expected.Outputs[index]) / Math.Max(Largest(expected.Outputs[index]), 1e-6);
            Assert.True(difference <= Tolerance, $"output {index}: {difference:g3}");
        }

        var largest = expected.Gradients.Values.Select(Largest).DefaultIfEmpty(0).Max();
        foreach (var (operand, gradient) in expected.Gradients)
        {
            var own = got.Gradients.GetValueOrDefault(operand) ?? new float[gradient.Length];
            var difference = Distance(own, gradient) / Math.Max(Math.Max(Largest(gradient), 0.01 * largest), 1e-6);
            Assert.True(difference <= Tolerance, $"gradient of {operand}: {difference:g3}");
        }
    }

    [Fact]
    public void Every_rule_has_a_case_and_every_case_a_rule()
    {
        var rules = typeof(GradientRules).Assembly.GetTypes()
            .Where(type => type.Namespace == $"{typeof(GradientRules).Namespace}.Rules")
            .Select(type => type.GetProperty("All", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
            .OfType<IReadOnlyList<GradientRule>>()
            .SelectMany(family => family)
            .Where(rule => rule.Differentiate is not null)
            .Select(rule => rule.Operator)
            .ToList();
        var cases = AllCases.All.Where(oracle => oracle.Operator != WholeNetCases.Prefix).ToList();

        Assert.Empty(rules.Except(cases.Select(oracle => oracle.Operator)));
        Assert.Empty(cases.Where(oracle => !rules.Contains(oracle.Operator) && !OracleRun.IsTakenApart(oracle)).Select(oracle => oracle.Name));
        Assert.Empty(s_promised.Except(cases.Select(oracle => oracle.Operator)));
    }

    private static double Largest(float[] values) => values.Length == 0 ? 0 : values.Max(value => Math.Abs((double)value));

    // NaN is infinitely far away: it would pass every comparison otherwise.
    private static double Distance(float[] left, float[] right) => left.Length != right.Length
        ? double.PositiveInfinity
        : left.Zip(right, (a, b) => double.IsNaN(a - b) ? double.PositiveInfinity : Math.Abs((double)a - b)).DefaultIfEmpty(0).Max();
}
