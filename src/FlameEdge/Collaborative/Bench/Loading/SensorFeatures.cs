using System.Numerics.Tensors;
using FlameEdge.Models;
using FlameEdge.Models.Loading.Vibration;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>28 numbers of a window of a machine's sensor: shape, trend, energies in bands, and how its envelope beats.</summary>
internal static class SensorFeatures
{
    /// <summary>Numbers per window.</summary>
    public const int Count = Levels + 4 + Bands + Beats;

    private const int Levels = 4;
    private const int Bands = 16;
    private const int Beats = 4;

    /// <summary>Mean, RMS, peak and slope; crest, kurtosis, skewness and shape factor; log10 of the energy in 16 equal bands; amplitudes of the envelope at its four slowest bands.</summary>
    public static double[] Of(ReadOnlySpan<double> window)
    {
        var mean = TensorPrimitives.Sum(window) / window.Length;
        var (absolute, square, cube, fourth, peak, slope) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < window.Length; i++)
        {
            var x = window[i] - mean;
            absolute += Math.Abs(x);
            square += x * x;
            cube += x * x * x;
            fourth += x * x * x * x;
            peak = Math.Max(peak, Math.Abs(x));
            slope += x * (i - ((window.Length - 1) / 2.0)) / (window.Length * window.Length);
        }

        var count = window.Length;
        var rms = Math.Max(Math.Sqrt(square / count), 1e-12); // A dead sensor divides by nothing.
        return
        [
            mean, rms, peak, slope,
            peak / rms, fourth / count / (rms * rms * rms * rms), cube / count / (rms * rms * rms), rms / Math.Max(absolute / count, 1e-12),
            .. Energies(window, Bands).Select(energy => PortableMath.Log(energy + 1e-12) / PortableMath.Log(10)),
            .. Energies(Envelope(window), 4 * Beats).Take(Beats).Select(Math.Sqrt),
        ];
    }

    /// <summary>What a feature becomes when the sensor's gain is multiplied.</summary>
    public static double AtGain(int feature, double value, double gain) => feature switch
    {
        < Levels or >= Levels + 4 + Bands => gain * value,
        >= Levels + 4 => value + (2 * PortableMath.Log(gain) / PortableMath.Log(10)),
        _ => value,
    };

    private static double[] Energies(ReadOnlySpan<double> window, int bands)
    {
        var power = Fourier.Power(window);
        var energies = new double[bands];
        for (var bin = 1; bin < power.Length; bin++)
        {
            energies[Math.Min(bands - 1, bin * bands / power.Length)] += power[bin];
        }

        return energies;
    }

    // The second difference keeps the ringing of strikes and drops the rotation.
    private static double[] Envelope(ReadOnlySpan<double> window)
    {
        var envelope = new double[window.Length];
        for (var i = 1; i + 1 < window.Length; i++)
        {
            envelope[i] = Math.Abs(window[i - 1] - (2 * window[i]) + window[i + 1]);
        }

        var mean = TensorPrimitives.Sum<double>(envelope) / envelope.Length;
        TensorPrimitives.Subtract(envelope, mean, envelope);
        return envelope;
    }
}
