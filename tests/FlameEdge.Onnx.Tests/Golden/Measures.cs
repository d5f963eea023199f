namespace FlameEdge.Onnx.Tests.Golden;

/// <summary>The measures of the golden README: largest difference relative to the largest expected value or movement.</summary>
internal static class Measures
{
    public static double Loss(double got, double expected) => Math.Abs(got - expected) / Math.Max(Math.Abs(expected), 1e-6);

    public static double Output(float[] got, float[] expected) => Distance(got, expected) / Math.Max(Largest(expected), 1e-6);

    public static double Gradient(float[] got, float[] expected, double largestOfCase) =>
        Distance(got, expected) / Math.Max(Math.Max(Largest(expected), 0.01 * largestOfCase), 1e-6);

    public static double Movement(float[] got, float[] expected, float[] initial, double largestOfCase) =>
        Distance(got, expected) / Math.Max(Math.Max(Distance(expected, initial), 0.01 * largestOfCase), 1e-7);

    public static double Largest(float[] values) => values.Length == 0 ? 0 : values.Max(value => Math.Abs((double)value));

    // NaN is infinitely far away: it would pass every comparison otherwise.
    public static double Distance(float[] left, float[] right) => left.Length != right.Length
        ? double.PositiveInfinity
        : left.Zip(right, (a, b) => double.IsNaN(a - b) ? double.PositiveInfinity : Math.Abs((double)a - b)).DefaultIfEmpty(0).Max();
}
