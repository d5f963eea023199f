using System.Numerics;
using System.Numerics.Tensors;
using FlameEdge.Models.Loading.Vibration;

namespace FlameEdge.Models.Telemetry;

/// <summary>What a window is turned into: a few numbers per field.</summary>
public static class WindowFeatures
{
    /// <summary>The features by name. <c>std</c> is the population's; <c>rms</c> of the values themselves; <c>kurtosis</c> is 3 for noise and 1.5 for a sine.</summary>
    public static readonly IReadOnlyList<string> Known = ["mean", "std", "min", "max", "rms", "peakToPeak", "kurtosis"];

    // Energies of nothing at all have no logarithm.
    private const double Least = 1e-12;

    /// <summary>Values per row.</summary>
    public static int CountOf(TelemetrySettings settings) => settings.Fields.Count * (settings.Features.Count + Math.Max(0, settings.Bands.Count - 1));

    /// <summary>A row's columns in order, such as <c>vibration.x rms</c>.</summary>
    public static IEnumerable<string> NamesOf(TelemetrySettings settings) =>
        settings.Fields.SelectMany(field => settings.Features.Select(feature => $"{field} {feature}")
            .Concat(settings.Bands.Zip(settings.Bands.Skip(1), (from, to) => $"{field} {from}-{to} Hz")));

    /// <summary>A row: all features of the first field, then of the next.</summary>
    /// <param name="settings">Which features.</param>
    /// <param name="window">[fields][samples]; what follows the settings' fields is left out.</param>
    internal static float[] Of(TelemetrySettings settings, double[][] window)
    {
        var row = new List<float>(CountOf(settings));
        foreach (var samples in window.Take(settings.Fields.Count))
        {
            var shape = new Shape(samples);
            row.AddRange(settings.Features.Select(feature => Finite(shape.Value(feature))));
            row.AddRange(Bands(settings, samples).Select(Finite));
        }

        return [.. row];
    }

    // Fourth powers of large numbers leave a float.
    private static float Finite(double value) => double.IsNaN(value) ? 0 : (float)Math.Clamp(value, -float.MaxValue, float.MaxValue);

    // The newest samples that make a power of two; without their mean, which would leak into the lowest band.
    private static IEnumerable<double> Bands(TelemetrySettings settings, double[] samples)
    {
        if (settings.Bands.Count < 2)
        {
            yield break;
        }

        var length = 1 << BitOperations.Log2((uint)samples.Length);
        var newest = samples.AsSpan(samples.Length - length).ToArray();
        TensorPrimitives.Subtract(newest, TensorPrimitives.Sum<double>(newest) / length, newest);
        var power = Fourier.Power(newest);
        var binHz = (settings.RateHz ?? 1) / length; // Given: bands are refused without.
        for (var band = 0; band + 1 < settings.Bands.Count; band++)
        {
            var energy = Least;
            for (var bin = (int)Math.Ceiling(settings.Bands[band] / binHz); bin < power.Length && bin * binHz < settings.Bands[band + 1]; bin++)
            {
                energy += power[bin];
            }

            yield return Math.Log10(energy);
        }
    }

    private sealed class Shape
    {
        private readonly double[] samples;
        private readonly double mean;
        private readonly double variance;

        public Shape(double[] samples)
        {
            this.samples = samples;
            mean = TensorPrimitives.Sum<double>(samples) / samples.Length;
            variance = samples.Sum(sample => (sample - mean) * (sample - mean)) / samples.Length;
        }

        public double Value(string feature) => feature switch
        {
            "mean" => mean,
            "std" => Math.Sqrt(variance),
            "min" => TensorPrimitives.Min<double>(samples),
            "max" => TensorPrimitives.Max<double>(samples),
            "rms" => Math.Sqrt(TensorPrimitives.SumOfSquares<double>(samples) / samples.Length),
            "peakToPeak" => TensorPrimitives.Max<double>(samples) - TensorPrimitives.Min<double>(samples),
            "kurtosis" => variance < Least ? 0 : samples.Sum(sample => Math.Pow(sample - mean, 4)) / samples.Length / (variance * variance),
            _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "no such feature"),
        };
    }
}
