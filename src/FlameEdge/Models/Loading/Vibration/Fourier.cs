using System.Numerics;

namespace FlameEdge.Models.Loading.Vibration;

/// <summary>The power spectrum of a window, by Cooley and Tukey's radix-2 transform.</summary>
internal static class Fourier
{
    /// <summary>|X[k]|²/n² for the bins below half the rate: [n/2]; n must be a power of two.</summary>
    public static double[] Power(ReadOnlySpan<double> samples)
    {
        var spectrum = Reordered(samples);
        for (var size = 2; size <= spectrum.Length; size *= 2)
        {
            Combine(spectrum, size);
        }

        var power = new double[samples.Length / 2];
        for (var bin = 0; bin < power.Length; bin++)
        {
            var (real, imaginary) = (spectrum[bin].Real / samples.Length, spectrum[bin].Imaginary / samples.Length);
            power[bin] = (real * real) + (imaginary * imaginary);
        }

        return power;
    }

    private static Complex[] Reordered(ReadOnlySpan<double> samples)
    {
        var bits = BitOperations.Log2((uint)samples.Length);
        var spectrum = new Complex[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            var reversed = 0;
            for (var bit = 0; bit < bits; bit++)
            {
                reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
            }

            spectrum[reversed] = samples[i];
        }

        return spectrum;
    }

    private static void Combine(Complex[] spectrum, int size)
    {
        var half = size / 2;
        for (var k = 0; k < half; k++)
        {
            var twiddle = new Complex(PortableMath.CosTurns((double)k / size), -PortableMath.SinTurns((double)k / size));
            for (var start = k; start < spectrum.Length; start += size)
            {
                var odd = spectrum[start + half] * twiddle;
                spectrum[start + half] = spectrum[start] - odd;
                spectrum[start] += odd;
            }
        }
    }
}
