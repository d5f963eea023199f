using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Control.Profiles;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>sensor simulate</c>: publishes what sensors of a class would, for trying telemetry without a soldering iron.</summary>
internal static class SensorSimulateVerb
{
    public static Command Create()
    {
        var profile = new Argument<string>("PROFILE") { Description = "a sensor class's profile.json, or its folder, such as firmware-profiles/esp32" };
        var broker = new Option<Uri?>("--broker") { Description = "mqtt://host:port of a running broker", Required = true, HelpName = "URL", CustomParser = RunOptionChecks.Broker };
        var device = new Option<string[]>("--device") { Description = "a device's name in the topics; may be given several times", HelpName = "NAME", DefaultValueFactory = _ => ["sensor-1"] };
        var seed = new Option<ulong>("--seed") { Description = "another seed is another set of machines", HelpName = "N", DefaultValueFactory = _ => 1 };
        var state = new Option<string[]>("--state") { Description = $"a state the machines take; may be given several times; all of {string.Join(", ", SensorSimulator.KnownStates)} by default", HelpName = "NAME", DefaultValueFactory = _ => [.. SensorSimulator.KnownStates] };
        var dwell = new Option<double>("--dwell") { Description = "seconds a state lasts", HelpName = "S", DefaultValueFactory = _ => 4 };
        var speed = new Option<double>("--speed") { Description = "how much faster than real time, 0.01 to 1000", HelpName = "X", DefaultValueFactory = _ => 1 };
        var duration = new Option<double?>("--for") { Description = "seconds until it ends, in real time; without it, until interrupted", HelpName = "S" };
        state.AcceptOnlyFromAmong([.. SensorSimulator.KnownStates]);
        var verb = new Command("simulate", "Publish the telemetry of sensors that are not there.") { profile, broker, device, seed, state, dwell, speed, duration };
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var (pace, lasts, ends) = (parsed.GetValue(speed), parsed.GetValue(dwell), parsed.GetValue(duration));
            if (pace is not (>= 0.01 and <= 1000) || lasts is not (> 0 and <= 86_400) || ends is <= 0 or > 31_536_000 or double.NaN)
            {
                throw new TopologyException("--speed must be from 0.01 to 1000, --dwell above 0 and at most 86400, --for above 0 and at most a year of seconds");
            }

            var path = parsed.GetValue(profile)!; // An argument that must be given.
            var contract = SensorProfile.Read(Directory.Exists(path) ? Path.Combine(path, "profile.json") : path);
            var sensors = parsed.GetValue(device)!.Select((name, index) => new SensorSimulator(contract, name, parsed.GetValue(seed) + (ulong)index, parsed.GetValue(state)!, lasts)).ToList(); // Defaults stand in.
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (ends is { } seconds)
            {
                ending.CancelAfter(TimeSpan.FromSeconds(seconds));
            }

            await PublishAsync(parsed.GetValue(broker)!, sensors, pace, parsed.InvocationConfiguration.Output, ending, cancellationToken); // A broker that must be given.
            return ExitCode.Ok;
        });
        return verb;
    }

    private static async Task PublishAsync(Uri broker, List<SensorSimulator> sensors, double speed, TextWriter output, CancellationTokenSource ending, CancellationToken cancellationToken)
    {
        await using var session = await MqttSession.ConnectAsync(new() { Broker = broker }, new("sensor-simulator"), cancellationToken: cancellationToken);
        using var clock = new PeriodicTimer(sensors[0].Period / speed, TimeProvider.System);
        output.WriteLine($"{sensors.Count} sensors publish every {(sensors[0].Period / speed).TotalMilliseconds:0.#} ms");
        try
        {
            do
            {
                foreach (var message in sensors.SelectMany(sensor => sensor.Next()))
                {
                    await session.PublishAsync(message.Topic, message.Payload, message.IsRetained, ending.Token);
                }
            }
            while (await clock.WaitForNextTickAsync(ending.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Its time is over.
        }
    }
}
