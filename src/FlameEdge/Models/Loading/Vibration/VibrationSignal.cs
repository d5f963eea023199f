namespace FlameEdge.Models.Loading.Vibration;

/// <summary>The acceleration a sensor on a machine measures during one window.</summary>
/// <remarks>
/// Rotation harmonics over noise and hum; on top of it what the fault adds. The load of the moment scales the mechanical parts and
/// slows the machine a little. Faults range from barely begun to plain, so classes overlap as they do on a shop floor.
/// </remarks>
internal sealed class VibrationSignal
{
    /// <summary>Samples of a window: a fifth of a second.</summary>
    public const int Length = 1024;

    /// <summary>Samples per second.</summary>
    public const double RateHz = 5120;

    /// <summary>The housing's ringing falls to 1/e in this time, s.</summary>
    private const double RingSeconds = 0.002;

    private readonly VibrationMachine _machine;
    private readonly PortableRandom _random;
    private readonly double _load;

    private VibrationSignal(VibrationMachine machine, PortableRandom random)
    {
        _machine = machine;
        _random = random;
        _load = random.Uniform(0.6, 1.4);
        SpeedHz = machine.SpeedHz * (1 - (0.03 * (_load - 1))) * (1 + (0.01 * random.Normal()));
    }

    /// <summary>Rotations per second during the window, as a tachometer tells.</summary>
    public double SpeedHz { get; }

    /// <summary>[<see cref="Length"/>], m/s².</summary>
    public double[] Samples { get; } = new double[Length];

    /// <summary>Measures a window.</summary>
    /// <param name="machine">Whose.</param>
    /// <param name="state">What is wrong with it.</param>
    /// <param name="severity">How large a fault is usually.</param>
    /// <param name="wear">Relative growth of gain and noise so far.</param>
    /// <param name="random">Of this window alone.</param>
    public static VibrationSignal Measure(VibrationMachine machine, VibrationClass state, double severity, double wear, PortableRandom random)
    {
        var signal = new VibrationSignal(machine, random);
        signal.AddRotation();
        signal.AddFault(state, severity * random.Uniform(0.35, 1.6));
        signal.AddSurroundings(1 + wear);
        signal.PassSensor(machine.Gain * (1 + wear));
        return signal;
    }

    // No rotor is perfect: some imbalance, misalignment and looseness is normal.
    private void AddRotation()
    {
        AddTone(SpeedHz, _load * _random.Uniform(0.3, 0.9));
        AddTone(2 * SpeedHz, _load * _random.Uniform(0.1, 0.3));
        AddTone(3 * SpeedHz, _load * _random.Uniform(0.05, 0.15));
    }

    private void AddFault(VibrationClass state, double severity)
    {
        switch (state)
        {
            case VibrationClass.Imbalance:
                var centrifugal = SpeedHz * SpeedHz / (25 * 25); // Relative to the nominal speed.
                AddTone(SpeedHz, 1.6 * severity * centrifugal);
                break;
            case VibrationClass.BearingFault:
                AddStrikes(4 * severity * _load);
                break;
            case VibrationClass.Looseness:
                AddRattle(severity * _load);
                break;
            case VibrationClass.Healthy:
            default:
                break;
        }
    }

    // Strikes come with the balls, slip a little, and are stronger where the load presses: amplitude modulation at the speed.
    private void AddStrikes(double amplitude)
    {
        var angle = 1 / (RingSeconds * RateHz);
        var decay = PortableMath.Exp(-angle);
        var turns = _machine.ResonanceHz / RateHz;
        var (cosine, sine) = (decay * PortableMath.CosTurns(turns), decay * PortableMath.SinTurns(turns));
        var period = RateHz / (SpeedHz * _machine.BearingOrder);
        var next = _random.Uniform(0, period);
        var phase = _random.NextDouble();
        var (x, y) = (0.0, 0.0);
        for (var i = 0; i < Length; i++)
        {
            (x, y) = ((x * cosine) - (y * sine), (x * sine) + (y * cosine));
            if (i >= next)
            {
                x += amplitude * (1 + (0.5 * PortableMath.CosTurns(phase + (i * SpeedHz / RateHz)))) * _random.Uniform(0.6, 1.4);
                next += period * (1 + (0.02 * _random.Normal()));
            }

            Samples[i] += y;
        }
    }

    // Harmonics with random strength and the halves that only a loose part shows; the foot lands once per turn and rings weakly.
    private void AddRattle(double amplitude)
    {
        for (var order = 1; order <= 10; order++)
        {
            var share = order % 2 == 0 ? 0.5 : 0.35;
            AddTone(0.5 * order * SpeedHz, amplitude * share * _random.Uniform(0.5, 1.5));
        }

        for (var i = 0; i < Length; i++)
        {
            Samples[i] = Math.Max(Samples[i], -1.2 - (0.6 * amplitude));
        }
    }

    private void AddSurroundings(double growth)
    {
        AddTone(100, _machine.HumLevel * _random.Uniform(0.7, 1.3));
        var level = _machine.NoiseLevel * growth * _random.Uniform(0.8, 1.2);
        for (var i = 0; i < Length; i++)
        {
            Samples[i] += level * _random.Normal();
        }
    }

    private void PassSensor(double gain)
    {
        for (var i = 0; i < Length; i++)
        {
            Samples[i] = (Samples[i] * gain) + _machine.Offset;
        }
    }

    private void AddTone(double frequencyHz, double amplitude)
    {
        // One sample turns the phasor by one step: four multiplications instead of a sine.
        var phase = _random.NextDouble();
        var (x, y) = (amplitude * PortableMath.CosTurns(phase), amplitude * PortableMath.SinTurns(phase));
        var (cosine, sine) = (PortableMath.CosTurns(frequencyHz / RateHz), PortableMath.SinTurns(frequencyHz / RateHz));
        for (var i = 0; i < Length; i++)
        {
            Samples[i] += y;
            (x, y) = ((x * cosine) - (y * sine), (x * sine) + (y * cosine));
        }
    }
}
