using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Verbs;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.LiteDb;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>controller</c>: runs jobs on a fleet until it is stopped; killed and started again it goes on where it was.</summary>
internal static class ControllerVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var verb = new Command("controller", "Run jobs on a fleet: place workers, follow them, replace who is lost.");
        var broker = new BrokerArguments(verb);
        var name = new Option<string>("--name") { Description = "its name in topics, and its MQTT client id", DefaultValueFactory = _ => "controller", HelpName = "NAME" };
        var folder = new Option<string>("--state") { Description = "folder for what it must remember", DefaultValueFactory = _ => "controller-state", HelpName = "DIR" };
        name.Validators.Add(static result =>
        {
            if (result.Tokens is [var token] && !SafeName.IsSafe(token.Value))
            {
                result.AddError($"--name '{token.Value}' cannot be a topic level: write 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes");
            }
        });
        verb.Add(name);
        verb.Add(folder);
        verb.SetAction((parsed, cancellationToken) => RunAsync(broker.Read(parsed), parsed.GetValue(name)!, parsed.GetValue(folder)!, parsed.InvocationConfiguration, cancellationToken)); // not null: they have defaults
        return verb;
    }

    private static async Task<int> RunAsync(MqttOptions options, string name, string folder, InvocationConfiguration streams, CancellationToken cancellationToken)
    {
        using var loggers = Loggers.ToError(streams.Error);
        await using var state = LiteDbStateStore.Open(Path.GetFullPath(folder), loggers.CreateLogger<LiteDbStateStore>());
        await using var session = await ConnectAsync(options, new AgentId(name), loggers, streams.Error, cancellationToken);
        await using var channels = new MqttChannelBackend(session);
        var settings = new ControllerOptions { Name = name, Session = session.SessionId, Version = $"flame-edge {typeof(ControllerVerb).Assembly.GetName().Version?.ToString(3)}" };
        var controller = new Controller(session.Bulletin, channels, state, settings, TimeProvider.System, loggers.CreateLogger<Controller>());
        streams.Output.WriteLine($"controller {name} at {options.Broker}, state in {Path.GetFullPath(folder)}; watch: flame-edge job list --broker {options.Broker}");
        await streams.Output.FlushAsync(cancellationToken);
        try
        {
            await controller.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // A service manager's way to say good-bye: jobs go on, and so does the next controller.
        }

        return ExitCode.Ok;
    }

    /// <summary>Waits for a broker that is not there for as long as it takes, saying so now and then.</summary>
    private static async Task<MqttSession> ConnectAsync(MqttOptions options, AgentId self, ILoggerFactory loggers, TextWriter error, CancellationToken cancellationToken)
    {
        options.StartTimeout = Patience;
        while (true)
        {
            try
            {
                return await MqttSession.ConnectAsync(options, self, TimeProvider.System, loggers, cancellationToken);
            }
            catch (ChannelException exception) when (exception.Fault == ChannelFault.BrokerUnreachable)
            {
                await error.WriteLineAsync($"{exception.Message} Trying again.");
                await Task.Delay(options.ReconnectAtMost, TimeProvider.System, cancellationToken);
            }
        }
    }
}
