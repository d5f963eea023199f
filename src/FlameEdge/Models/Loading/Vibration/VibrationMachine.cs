namespace FlameEdge.Models.Loading.Vibration;

/// <summary>One site's machine and sensor: what differs between sites and stays the same from window to window.</summary>
/// <param name="SpeedHz">Rotations per second at nominal load.</param>
/// <param name="BearingOrder">Strikes of an outer race fault per rotation, from the bearing's data sheet.</param>
/// <param name="ResonanceHz">At which the housing rings.</param>
/// <param name="Gain">Sensitivity of the sensor and stiffness of its mount; 1 is nominal.</param>
/// <param name="Offset">Bias of the sensor, m/s².</param>
/// <param name="NoiseLevel">Deviation of the noise, m/s².</param>
/// <param name="HumLevel">Amplitude of the motor's 100 Hz hum, m/s².</param>
/// <param name="Mix">Share of each class in the site's own windows: [classes].</param>
internal sealed record VibrationMachine(
    double SpeedHz, double BearingOrder, double ResonanceHz, double Gain, double Offset, double NoiseLevel, double HumLevel, double[] Mix)
{
    private const int ClassCount = 4;

    /// <summary>The machine of a site; it does not depend on how many sites there are.</summary>
    public static VibrationMachine Of(VibrationSettings settings, int site)
    {
        var random = new PortableRandom(settings.Seed, 0x6D616368, (ulong)site);
        var variation = settings.Variation;
        return new VibrationMachine(
            SpeedHz: 25 * (1 + (0.25 * variation * random.Uniform(-1, 1))),
            BearingOrder: 3.6 * (1 + (0.15 * variation * random.Uniform(-1, 1))),
            ResonanceHz: 1500 * (1 + (0.2 * variation * random.Uniform(-1, 1))),
            Gain: PortableMath.Exp(0.4 * variation * random.Normal()),
            Offset: 0.15 * variation * random.Normal(),
            NoiseLevel: 0.5 * settings.Noise * PortableMath.Exp(0.5 * variation * random.Normal()),
            HumLevel: 0.2 * PortableMath.Exp(0.5 * variation * random.Normal()),
            Mix: MixOf(settings.Skew, site));
    }

    /// <summary>Draws the class of one of the site's own windows.</summary>
    public VibrationClass Draw(PortableRandom random)
    {
        var left = random.NextDouble();
        for (var index = 0; index < Mix.Length - 1; index++)
        {
            left -= Mix[index];
            if (left < 0)
            {
                return (VibrationClass)index;
            }
        }

        return (VibrationClass)(Mix.Length - 1);
    }

    // Faults take turns over the sites, so that any three neighbours together have seen everything.
    private static double[] MixOf(double skew, int site)
    {
        var mix = new double[ClassCount];
        Array.Fill(mix, (1 - skew) / ClassCount);
        mix[(int)VibrationClass.Healthy] += skew / 2;
        mix[1 + (site % (ClassCount - 1))] += skew / 2;
        return mix;
    }
}
