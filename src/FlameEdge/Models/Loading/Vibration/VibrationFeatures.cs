namespace FlameEdge.Models.Loading.Vibration;

/// <summary>What a condition monitoring sensor sends instead of the raw samples: twenty numbers per window.</summary>
/// <seealso href="https://doi.org/10.1016/j.ymssp.2005.09.012">Jardine, Lin, Banjevic 2006: machinery diagnostics and prognostics, section 3</seealso>
internal static class VibrationFeatures
{
    /// <summary>The features in order. Amplitudes in m/s², energies as log10 of (m/s²)², factors without unit.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "mean", "rms", "peak", "crest factor", "kurtosis", "skewness", "shape factor",
        "order 0.5", "order 1", "order 1.5", "order 2", "order 3",
        "energy 10-160 Hz", "energy 160-640 Hz", "energy 640-1280 Hz", "energy 1280-1920 Hz", "energy 1920-2560 Hz",
        "envelope at bearing order", "envelope at order 1", "speed",
    ];

    private static readonly double[] Orders = [0.5, 1, 1.5, 2, 3];

    private static readonly double[] BandsHz = [10, 160, 640, 1280, 1920, 2560];

    /// <summary>Values per window.</summary>
    public static int Count => Names.Count;

    /// <summary>The features of a window: [<see cref="Count"/>].</summary>
    /// <param name="samples">m/s².</param>
    /// <param name="speedHz">From the tachometer.</param>
    /// <param name="bearingOrder">From the bearing's data sheet.</param>
    public static double[] Of(ReadOnlySpan<double> samples, double speedHz, double bearingOrder)
    {
        var features = new List<double>(Count);
        AddShape(features, samples);
        foreach (var order in Orders)
        {
            features.Add(Amplitude(samples, order * speedHz));
        }

        AddBands(features, samples);
        var envelope = Envelope(samples);
        features.Add(Amplitude(envelope, bearingOrder * speedHz));
        features.Add(Amplitude(envelope, speedHz));
        features.Add(speedHz);
        return [.. features];
    }

    private static void AddShape(List<double> features, ReadOnlySpan<double> samples)
    {
        var mean = Mean(samples);
        var (absolute, square, cube, fourth, peak) = (0.0, 0.0, 0.0, 0.0, 0.0);
        foreach (var sample in samples)
        {
            var x = sample - mean;
            absolute += Math.Abs(x);
            square += x * x;
            cube += x * x * x;
            fourth += x * x * x * x;
            peak = Math.Max(peak, Math.Abs(x));
        }

        var count = samples.Length;
        var rms = Math.Max(Math.Sqrt(square / count), 1e-12); // A dead sensor divides by nothing.
        features.AddRange([
            mean,
            rms,
            peak,
            peak / rms,
            fourth / count / (rms * rms * rms * rms),
            cube / count / (rms * rms * rms),
            rms / Math.Max(absolute / count, 1e-12),
        ]);
    }

    private static void AddBands(List<double> features, ReadOnlySpan<double> samples)
    {
        var power = Fourier.Power(samples);
        var binHz = VibrationSignal.RateHz / samples.Length;
        for (var band = 0; band + 1 < BandsHz.Length; band++)
        {
            var energy = 1e-12;
            for (var bin = (int)(BandsHz[band] / binHz); bin < (int)(BandsHz[band + 1] / binHz); bin++)
            {
                energy += power[bin];
            }

            features.Add(PortableMath.Log(energy) / PortableMath.Log(10));
        }
    }

    // The second difference keeps the ringing and drops the rotation; its size follows the strikes.
    private static double[] Envelope(ReadOnlySpan<double> samples)
    {
        var envelope = new double[samples.Length - 2];
        for (var i = 0; i < envelope.Length; i++)
        {
            envelope[i] = Math.Abs(samples[i] - (2 * samples[i + 1]) + samples[i + 2]);
        }

        var mean = Mean(envelope);
        for (var i = 0; i < envelope.Length; i++)
        {
            envelope[i] -= mean;
        }

        return envelope;
    }

    private static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }

    // One bin of a Fourier transform at exactly this frequency: |2/n Σ x e^(−2πi f t)|.
    private static double Amplitude(ReadOnlySpan<double> samples, double frequencyHz)
    {
        var step = frequencyHz / VibrationSignal.RateHz;
        var (stepCosine, stepSine) = (PortableMath.CosTurns(step), PortableMath.SinTurns(step));
        var (cosine, sine) = (1.0, 0.0);
        var (real, imaginary) = (0.0, 0.0);
        foreach (var sample in samples)
        {
            real += sample * cosine;
            imaginary += sample * sine;
            (cosine, sine) = ((cosine * stepCosine) - (sine * stepSine), (cosine * stepSine) + (sine * stepCosine));
        }

        return 2 * Math.Sqrt((real * real) + (imaginary * imaginary)) / samples.Length;
    }
}
