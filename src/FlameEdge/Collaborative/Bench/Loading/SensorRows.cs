using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>Windows of five machines, each with a sensor of its own, in ten states; the owner is the machine. After a concept shift a sensor's gain is 1.5.</summary>
internal static class SensorRows
{
    /// <summary>
    /// Deviation of the noise: the difficulty. Chosen by the isolated learner alone, so that it converges to 0.95 on W1 (0.970 at 0.15, 0.966 at 0.25,
    /// 0.955 at 0.35, 0.913 at 0.5; seeds 2000 to 2004); a test holds it to 0.95 ± 0.02.
    /// </summary>
    public const double Noise = 0.37;

    /// <summary>Machines: one per site.</summary>
    public const int Machines = 5;

    /// <summary>Windows of each machine in each state.</summary>
    public const int PerState = 180;

    private const double ShiftedGain = 1.5;

    /// <summary>The windows of a seed, machine by machine and state by state.</summary>
    public static StreamRows Generate(ulong seed, double noise = Noise)
    {
        List<double[]> rows = [];
        List<int> labels = [];
        for (var machine = 0; machine < Machines; machine++)
        {
            var random = new PortableRandom(seed, (ulong)machine);
            var sensor = SensorMachine.Draw(random);
            for (var i = 0; i < PerState * SensorWindow.Faults.Count; i++)
            {
                rows.Add(SensorFeatures.Of(SensorWindow.Measure(sensor, i / PerState, noise, random)));
                labels.Add(i / PerState);
            }
        }

        double[][] all = [.. rows];
        var normalisation = Normalisation.Of(all, [.. Enumerable.Range(0, all.Length)], bound: 5);
        return new StreamRows([SensorFeatures.Count], normalisation.Apply(all), [.. labels])
        {
            Owner = row => row / (PerState * SensorWindow.Faults.Count),
            Shift = normalisation.Shift((feature, value) => SensorFeatures.AtGain(feature, value, ShiftedGain)),
        };
    }
}
