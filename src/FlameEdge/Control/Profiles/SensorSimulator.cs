using System.Globalization;
using System.Text;
using FlameEdge.Models;

namespace FlameEdge.Control.Profiles;

/// <summary>Plays a sensor of a class on a rotating machine: the messages its contract promises, the same for the same seed on every platform.</summary>
/// <remarks>Every few seconds the machine changes its state, from barely begun to plain; with a label topic the new state is said first. Amplitudes in the field's unit are those of acceleration in m/s².</remarks>
public sealed class SensorSimulator
{
    /// <summary>What can be wrong with the machine.</summary>
    public static readonly IReadOnlyList<string> KnownStates = ["healthy", "imbalance", "bearing", "looseness"];

    private readonly SensorProfile profile;
    private readonly string device;
    private readonly IReadOnlyList<string> states;
    private readonly double dwellSeconds;
    private readonly PortableRandom random;
    private readonly double gain;
    private readonly double speedHz;
    private long sample;
    private long changeAt;
    private string state;
    private double severity = 1;

    /// <param name="profile">The contract.</param>
    /// <param name="device">The device's name in the topics.</param>
    /// <param name="seed">Another seed is another machine.</param>
    /// <param name="states">The states it takes in turn, by chance; some of <see cref="KnownStates"/>.</param>
    /// <param name="dwellSeconds">How long a state lasts, in the sensor's time.</param>
    public SensorSimulator(SensorProfile profile, string device, ulong seed, IReadOnlyList<string> states, double dwellSeconds)
    {
        (this.profile, this.device, this.states, this.dwellSeconds) = (profile, device, states, dwellSeconds);
        random = new(seed, 0x73656E73);
        gain = random.Uniform(0.85, 1.15);
        speedHz = random.Uniform(22, 28);
        state = states[0];
    }

    /// <summary>Time between messages, in the sensor's time.</summary>
    public TimeSpan Period => TimeSpan.FromSeconds(profile.Telemetry.SamplesPerMessage / profile.Telemetry.SampleRateHz);

    /// <summary>The next messages: one of telemetry, with the new state before it where the machine has changed.</summary>
    public IEnumerable<SensorMessage> Next()
    {
        if (sample >= changeAt)
        {
            state = states[random.Below(states.Count)];
            severity = random.Uniform(0.1, 1);
            changeAt = sample + (long)(dwellSeconds * profile.Telemetry.SampleRateHz);
            if (profile.LabelTopic is { } label)
            {
                yield return new(TopicOf(label), Encoding.UTF8.GetBytes(state), IsRetained: true);
            }
        }

        var telemetry = profile.Telemetry;
        var values = new double[telemetry.Fields.Count][];
        for (var field = 0; field < values.Length; field++)
        {
            values[field] = [.. Enumerable.Range(0, telemetry.SamplesPerMessage).Select(offset => Measure((sample + offset) / telemetry.SampleRateHz, field))];
        }

        var text = telemetry.Format == "csv" ? Csv(values) : Json(values);
        sample += telemetry.SamplesPerMessage;
        yield return new(TopicOf(telemetry.Topic), Encoding.UTF8.GetBytes(text), IsRetained: false);
    }

    private string TopicOf(string pattern) => pattern.Replace(SensorTopic.DevicePlace, device, StringComparison.Ordinal);

    // A rotor's harmonics over noise; what is wrong adds to it, most on the first axis.
    private double Measure(double seconds, int field)
    {
        var turns = seconds * speedHz;
        var axis = 1.0 / (1 + field);
        var value = (0.6 * Sine(turns, field)) + (0.2 * Sine(2 * turns, field)) + (0.35 * random.Normal());
        value += severity * state switch
        {
            "imbalance" => axis * 1.8 * Sine(turns, field),
            "bearing" => axis * 1.6 * Math.Max(0, Sine(3.6 * turns, 0)) * Sine(7.5 * turns, field),
            "looseness" => axis * ((0.9 * Sine(0.5 * turns, field)) + (0.7 * Sine(1.5 * turns, field)) + (0.5 * Sine(2.5 * turns, field))),
            _ => 0,
        };
        return gain * value;
    }

    private static double Sine(double turns, int field) => PortableMath.SinTurns(turns + (0.25 * field));

    private string Csv(double[][] values)
    {
        var text = new StringBuilder();
        for (var offset = 0; offset < profile.Telemetry.SamplesPerMessage; offset++)
        {
            var time = profile.Telemetry.TimeField is null ? [] : new[] { Milliseconds(offset) };
            text.AppendJoin(',', time.Concat(values.Select(field => Number(field[offset])))).Append('\n');
        }

        return text.ToString();
    }

    // A path such as vibration.x puts x into an object vibration.
    private string Json(double[][] values)
    {
        var members = profile.Telemetry.Fields.Select((field, index) => (Path: field.Name.Split('.'), Text: $"[{string.Join(',', values[index].Select(Number))}]")).ToList();
        if (profile.Telemetry.TimeField is { } time)
        {
            members.Insert(0, (time.Split('.'), Milliseconds(0)));
        }

        return Object(members, 0);
    }

    private static string Object(IReadOnlyList<(string[] Path, string Text)> members, int level) =>
        $"{{{string.Join(',', members.GroupBy(member => member.Path[level], StringComparer.Ordinal).Select(group => $"\"{group.Key}\":{(group.First().Path.Length == level + 1 ? group.First().Text : Object([.. group], level + 1))}"))}}}";

    private string Milliseconds(int offset) => ((sample + offset) * 1000 / profile.Telemetry.SampleRateHz).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}

/// <summary>A message of a sensor.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Payload">Its text.</param>
/// <param name="IsRetained">True for a state, which whoever comes later must know.</param>
public sealed record SensorMessage(string Topic, byte[] Payload, bool IsRetained);
