using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>128 samples of a machine's sensor: rotation over noise, what the fault adds, and the gain and offset of the sensor.</summary>
internal sealed class SensorWindow(double turnsPerSample, PortableRandom random)
{
    /// <summary>Samples of a window.</summary>
    public const int Length = 128;

    /// <summary>Names of the states, in the order of the classes.</summary>
    public static readonly IReadOnlyList<string> Faults =
        ["healthy", "imbalance", "misalignment", "looseness", "outer race", "inner race", "gear wear", "lubrication", "creep", "electrical"];

    private readonly double[] samples = new double[Length];

    /// <summary>A window of a machine in a state; noise of deviation <paramref name="noise"/> for a rotation of amplitude about 0.5.</summary>
    public static double[] Measure(SensorMachine machine, int fault, double noise, PortableRandom random)
    {
        var window = new SensorWindow(machine.TurnsPerSample * random.Uniform(0.97, 1.03), random);
        window.AddTone(1, random.Uniform(0.3, 0.7));
        window.AddTone(2, random.Uniform(0.05, 0.2));
        window.AddFault(fault, random.Uniform(0.5, 1.5));
        for (var i = 0; i < Length; i++)
        {
            window.samples[i] = (machine.Gain * (window.samples[i] + (noise * random.Normal()))) + machine.Offset;
        }

        return window.samples;
    }

    private void AddFault(int fault, double severity)
    {
        switch (fault)
        {
            case 1:
                AddTone(1, 0.9 * severity);
                break;
            case 2:
                AddTone(2, 0.7 * severity);
                AddTone(3, 0.3 * severity);
                break;
            case 3:
                for (var half = 1; half <= 7; half += 2)
                {
                    AddTone(half / 2.0, 0.4 * severity);
                }

                break;
            case 4:
                AddStrikes(3.6, 2 * severity, modulation: 0);
                break;
            case 5:
                AddStrikes(5.4, 2 * severity, modulation: 1);
                break;
            case 6:
                AddTone(9, 0.5 * severity, modulation: 0.8);
                break;
            case 7:
                AddNoise(0.6 * severity);
                break;
            case 8:
                AddTrend(1.2 * severity);
                break;
            case 9:
                AddTone(1 / turnsPerSample * 0.2, 0.5 * severity, modulation: 0.3);
                break;
            default:
                break;
        }
    }

    private void AddTone(double order, double amplitude, double modulation = 0)
    {
        var (phase, beat) = (random.NextDouble(), random.NextDouble());
        for (var i = 0; i < Length; i++)
        {
            samples[i] += amplitude * (1 + (modulation * PortableMath.CosTurns(beat + (i * turnsPerSample)))) * PortableMath.SinTurns(phase + (i * order * turnsPerSample));
        }
    }

    // Each strike rings for a few samples; under a load that turns with the shaft they come and go.
    private void AddStrikes(double perTurn, double amplitude, double modulation)
    {
        var period = 1 / (perTurn * turnsPerSample);
        var ringing = 0.0;
        var next = random.Uniform(0, period);
        for (var i = 0; i < Length; i++)
        {
            ringing *= -0.6;
            if (i >= next)
            {
                ringing += amplitude * (1 + (modulation * PortableMath.CosTurns(i * turnsPerSample))) / (1 + modulation);
                next += period * (1 + (0.02 * random.Normal()));
            }

            samples[i] += ringing;
        }
    }

    private void AddNoise(double level)
    {
        for (var i = 0; i < Length; i++)
        {
            samples[i] += level * random.Normal();
        }
    }

    private void AddTrend(double rise)
    {
        var direction = random.Below(2) == 0 ? rise : -rise;
        for (var i = 0; i < Length; i++)
        {
            samples[i] += direction * i / Length;
        }
    }
}

/// <summary>A machine and the sensor on it.</summary>
/// <param name="TurnsPerSample">Speed.</param>
/// <param name="Gain">Of the sensor.</param>
/// <param name="Offset">Of the sensor.</param>
internal sealed record SensorMachine(double TurnsPerSample, double Gain, double Offset)
{
    /// <summary>Another machine of the same kind.</summary>
    public static SensorMachine Draw(PortableRandom random) => new(random.Uniform(0.028, 0.036), random.Uniform(0.8, 1.25), random.Uniform(-0.3, 0.3));
}
