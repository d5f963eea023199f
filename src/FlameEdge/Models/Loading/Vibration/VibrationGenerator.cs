namespace FlameEdge.Models.Loading.Vibration;

/// <summary>One window: its features and its class.</summary>
/// <param name="Features">[<see cref="VibrationFeatures.Count"/>]</param>
/// <param name="Label">What was wrong with the machine.</param>
internal sealed record VibrationSample(double[] Features, VibrationClass Label);

/// <summary>Makes the windows of a machine, the same on every platform.</summary>
/// <remarks>A window depends only on seed, site, its index and whether it is held out: the pooled rows are the sites' rows, one site after the other.</remarks>
internal static class VibrationGenerator
{
    private const ulong OwnWindows = 0x6F776E;
    private const ulong HeldOutWindows = 0x74657374;

    /// <summary>All windows of one site.</summary>
    public static VibrationSample[] OfSite(VibrationSettings settings, int site)
    {
        var machine = VibrationMachine.Of(settings, site);
        var samples = new VibrationSample[settings.Windows];
        for (var index = 0; index < settings.Windows; index++)
        {
            var random = new PortableRandom(settings.Seed, settings.Test ? HeldOutWindows : OwnWindows, (ulong)site, (ulong)index);

            // Held out, every class is equally frequent everywhere: any machine may fail tomorrow in a way it never has.
            var state = settings.Test ? (VibrationClass)(index % machine.Mix.Length) : machine.Draw(random);
            var wear = settings.Windows == 1 ? 0 : settings.Drift * index / (settings.Windows - 1);
            var signal = VibrationSignal.Measure(machine, state, settings.Severity, wear, random);
            samples[index] = new VibrationSample(VibrationFeatures.Of(signal.Samples, signal.SpeedHz, machine.BearingOrder), state);
        }

        return samples;
    }
}
