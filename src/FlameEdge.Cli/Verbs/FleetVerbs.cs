using System.CommandLine;
using System.Text;
using FlameEdge.Agent;
using FlameEdge.Channels;
using FlameEdge.Cli.Operating;
using FlameEdge.Cli.Output;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>fleet list</c>, <c>show</c>, <c>watch</c> and <c>drain</c>: the agents at a broker.</summary>
internal static class FleetVerbs
{
    public static Command Create() => new("fleet", "Look at the agents at a broker.") { List(), Show(), Watch(), Drain() };

    private static Command List()
    {
        var verb = new Command("list", "Show all agents: what they are, how they are, what they do.");
        var asking = new OperatorArguments(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var fleet = await FleetReading.ReadAsync(session, cancellationToken);
            var output = parsed.InvocationConfiguration.Output;
            if (asking.IsJson(parsed))
            {
                output.WriteLine($"[{string.Join(",\n", fleet.Select(Json))}]");
            }
            else
            {
                Terminal.Show(output, Table(fleet));
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Show()
    {
        var verb = new Command("show", "Show all an agent says of itself, as JSON.");
        var name = Name();
        verb.Add(name);
        var asking = new OperatorArguments(verb, hasFormat: false);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var agent = await FindAsync(session, parsed.GetValue(name)!, cancellationToken); // not null: it is required
            parsed.InvocationConfiguration.Output.WriteLine(Json(agent));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Watch()
    {
        var verb = new Command("watch", "Watch the fleet until interrupted.");
        var asking = new OperatorArguments(verb, hasFormat: false);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var output = parsed.InvocationConfiguration.Output;
            if (output == Console.Out && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive)
            {
                await AnsiConsole.Live(new Text("waiting for word of the fleet")).StartAsync(live => FollowAsync(session, (fleet, _) => live.UpdateTarget(Table(fleet)), cancellationToken));
            }
            else
            {
                await FollowAsync(session, (_, line) => output.WriteLine(line), cancellationToken);
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    private static Command Drain()
    {
        var verb = new Command("drain", "Give an agent no new work; it finishes what it has. With --undo it gets work again.");
        var name = Name();
        var undo = new Option<bool>("--undo") { Description = "give it work again" };
        verb.Add(name);
        verb.Add(undo);
        var asking = new OperatorArguments(verb, hasFormat: false);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            await using var session = await asking.ConnectAsync(parsed, cancellationToken);
            var agent = await FindAsync(session, parsed.GetValue(name)!, cancellationToken); // not null: it is required
            var topic = BulletinTopic.OfFleet(session.Controller, BulletinKind.Config);
            var known = (await session.ReadAsync([topic], cancellationToken)).Values.Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.ControllerConfig)).FirstOrDefault() ?? new();
            var others = known.Draining.Where(other => other != agent.Birth.Agent);
            var config = known with { Draining = parsed.GetValue(undo) ? [.. others] : [.. others.Append(agent.Birth.Agent).Order(StringComparer.Ordinal)] };
            await session.Bulletin.PostAsync(topic, FleetJson.Write(config, FleetJson.Default.ControllerConfig), cancellationToken);
            parsed.InvocationConfiguration.Output.WriteLine(config.Draining.Count == 0 ? "no agent is drained" : $"drained: {string.Join(", ", config.Draining)}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Argument<string> Name() => new("AGENT") { Description = "the agent's name" };

    private static async Task<AgentReading> FindAsync(OperatorSession session, string name, CancellationToken cancellationToken)
    {
        var fleet = await FleetReading.ReadAsync(session, cancellationToken);
        var nearest = NearestName.Of(name, fleet.Select(agent => agent.Birth.Agent)) is { } near ? $" (did you mean '{near}'?)" : "";
        return fleet.FirstOrDefault(agent => agent.Birth.Agent == name)
            ?? throw new TopologyException($"there is no agent '{name}' at this broker{nearest}; `flame-edge fleet list` shows those that have announced themselves");
    }

    private static async Task FollowAsync(OperatorSession session, Action<IReadOnlyList<AgentReading>, string> show, CancellationToken cancellationToken)
    {
        var notices = new Dictionary<BulletinTopic, Bulletin>();
        try
        {
            await foreach (var notice in session.WatchAsync(FleetReading.Topics, cancellationToken))
            {
                notices[notice.Topic] = notice;
                var fleet = FleetReading.Of(notices);
                if (fleet.FirstOrDefault(agent => agent.Birth.Agent == notice.Topic.Agent?.Value) is { } agent)
                {
                    show(fleet, $"{agent.Birth.Agent}: {agent.Condition}{(agent.State?.Reason is { } why ? $" ({why})" : "")}, {Work(agent)}");
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Seen enough.
        }
    }

    private static Table Table(IReadOnlyList<AgentReading> fleet)
    {
        var table = Terminal.Table("agent", "state", "profile", "hardware", "memory", "runtimes", "datasets", "work", "why");
        foreach (var agent in fleet)
        {
            var (birth, hardware) = (agent.Birth, agent.Birth.Hardware);
            table.AddRow(
                Markup.Escape(birth.Agent),
                agent.Condition,
                Markup.Escape(birth.Profile ?? "-"),
                Markup.Escape($"{hardware.Architecture}, {hardware.Cores} cores"),
                $"{(birth.Limits.MemoryBytes ?? hardware.MemoryBytes) / 1e6:0} MB",
                Markup.Escape(string.Join(", ", birth.Runtimes.Keys)),
                Markup.Escape(birth.DatasetCount > 3 ? $"{birth.DatasetCount}" : string.Join(", ", birth.Datasets.Select(dataset => dataset.Name))),
                Markup.Escape(Work(agent)),
                Markup.Escape(agent.State?.Reason ?? ""));
        }

        return table;
    }

    private static string Work(AgentReading agent) => agent.State is not { } state || (state.Work.Count == 0 && state.WorkCount is null) ? "no work" : string.Join(
        ", ", state.WorkCount?.Select(pair => $"{pair.Value} {pair.Key}") ?? state.Work.CountBy(work => work.Phase).Select(pair => $"{pair.Value} {JobViews.Word(pair.Key)}"));

    private static string Json(AgentReading agent) =>
        $$"""{"agent":"{{agent.Birth.Agent}}","condition":"{{agent.Condition}}","birth":{{Encoding.UTF8.GetString(FleetJson.Write(agent.Birth, FleetJson.Default.AgentBirth))}},"state":{{(agent.State is null ? "null" : Encoding.UTF8.GetString(FleetJson.Write(agent.State, FleetJson.Default.AgentState)))}}}""";
}
