using System.CommandLine;
using System.Runtime.InteropServices;
using FlameEdge.Agent;
using FlameEdge.Channels;
using FlameEdge.Cli.Operating;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>doctor</c>: one line per thing that could be in the way, with its remedy.</summary>
internal static class DoctorVerb
{
    private const long LittleSpace = 1L << 30;

    public static Command Create(IReadOnlyList<IEngine> engines)
    {
        var verb = new Command("doctor", "Check what a controller, an agent or a run needs here, with a remedy for what is missing.");
        var asking = new OperatorArguments(verb, isBrokerRequired: false, hasFormat: false);
        var folder = new Option<string>("--state") { Description = "the state folder to check", DefaultValueFactory = _ => ".", HelpName = "DIR" };
        verb.Add(folder);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            List<Finding> found = [Engines(engines), State(parsed.GetValue(folder)!), Space(parsed.GetValue(folder)!), Clients()]; // not null: it has a default
            if (asking.HasBroker(parsed))
            {
                found.AddRange(await BrokerAsync(asking, parsed, cancellationToken));
            }
            else
            {
                found.Add(new(true, "broker", "not asked; --broker URL checks one"));
            }

            foreach (var finding in found)
            {
                parsed.InvocationConfiguration.Output.WriteLine($"{(finding.IsWell ? "ok  " : "BAD ")} {finding.What}: {finding.Says}");
            }

            return found.Find(finding => !finding.IsWell)?.Code ?? ExitCode.Ok;
        });
        return verb;
    }

    private static Finding Engines(IReadOnlyList<IEngine> engines)
    {
        try
        {
            return new(true, "engines", string.Join(", ", engines.Select(engine => $"{engine.Name} {engine.Version}")));
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException or BadImageFormatException or FlameEdgeException)
        {
            return new(false, "engines", $"a native library cannot be loaded: {error.Message.ReplaceLineEndings(" ")} Install the program for {RuntimeInformation.RuntimeIdentifier}.", ExitCode.Internal);
        }
    }

    private static Finding State(string folder)
    {
        var probe = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(probe, "probe");
            File.Delete(probe);
            return new(true, "state folder", $"{Path.GetFullPath(folder)} can be written");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new(false, "state folder", $"{folder} cannot be written ({error.Message.ReplaceLineEndings(" ")}); give this user write access, or choose another with --state", ExitCode.BadState);
        }
    }

    private static Finding Space(string folder)
    {
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        return free >= LittleSpace
            ? new(true, "disk", $"{free / 1e9:0.0} GB free")
            : new(false, "disk", $"only {free / 1e6:0} MB free; checkpoints of a job take two models each, so make room", ExitCode.BadState);
    }

    private static Finding Clients()
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "mosquitto_sub")));
        return new(true, "mosquitto clients", isThere ? "here" : "absent, and not needed; `apt install mosquitto-clients` gives mosquitto_sub to look at topics with");
    }

    private static async Task<IReadOnlyList<Finding>> BrokerAsync(OperatorArguments asking, ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var births = await session.ReadAsync([BulletinTopic.AnyOfFleet(BulletinKind.Birth)], cancellationToken);
            var agents = births.Values.Count(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentBirth) is not null);
            var controller = births.Values.Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.ControllerBirth)).FirstOrDefault(birth => birth?.Controller == session.Controller.Value);
            return
            [
                new(true, "broker", "reached"),
                await EchoAsync(session, asking.Timeout(parsed), cancellationToken),
                controller is null
                    ? new(false, "controller", $"'{session.Controller}' has never been at this broker under this --prefix; start it with `flame-edge controller`, or name another with --controller", ExitCode.TimedOut)
                    : new(true, "controller", $"'{session.Controller}' with epoch {controller.Epoch}"),
                new(true, "agents", $"{agents} have announced themselves"),
                new(true, "clocks", "need not agree: leases count on each side's own clock"),
            ];
        }
        catch (ChannelException error)
        {
            return [new(false, "broker", error.Message, ExitCode.BrokerUnreachable)];
        }
    }

    // Whoever may not publish hears nothing: brokers acknowledge what they drop.
    private static async Task<Finding> EchoAsync(OperatorSession session, TimeSpan bound, CancellationToken cancellationToken)
    {
        var topic = BulletinTopic.OfFleet(session.Self, BulletinKind.Event);
        var reading = session.Bulletin.ReadAsync(topic, bound, cancellationToken);
        for (var tries = 0; tries < 5 && !reading.IsCompleted; tries++)
        {
            await session.Bulletin.PostAsync(topic, "{\"event\":\"doctor\"}"u8.ToArray(), cancellationToken);
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken));
        }

        return await reading is not null
            ? new(true, "rights", $"'{session.Self}' may write and read its own topics")
            : new(false, "rights", $"what '{session.Self}' publishes on its own topics does not come back; give it the rights of docs/fleet.md, or name a user that has them with --name and --user", ExitCode.BrokerUnreachable);
    }

    private sealed record Finding(bool IsWell, string What, string Says, int Code = ExitCode.Ok);
}
