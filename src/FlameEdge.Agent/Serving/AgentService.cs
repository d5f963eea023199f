using FlameEdge.Agent.Configuration;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Running;
using FlameEdge.Agent.Systemd;
using FlameEdge.Control.Gates;
using FlameEdge.Diagnostics;
using FlameEdge.Hosting.Agents;
using FlameEdge.LiteDb;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Serving;

/// <summary>The agent as a service: it finds its broker however long that takes, joins the fleet, and stays until it is told to stop.</summary>
internal sealed partial class AgentService(HostParts host, AgentConfiguration local, Loggers loggers, SystemdNotifier notifier) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private readonly TimeProvider time = TimeProvider.System;
    private readonly ILogger logger = loggers.CreateLogger(nameof(AgentService));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = local.Settings;
        var policy = settings.Policy is { } path ? AgentPolicy.Read(path) : new AgentPolicy();
        await using var state = LiteDbStateStore.Open(Path.Combine(settings.State, "agent"), logger);
        Directory.CreateDirectory(settings.DataFolder);
        var config = new ConfigDesk(local, policy);
        var present = config.Present.Configuration.Settings;
        loggers.Least = present.LogLevel;
        var parts = new AgentParts(host, policy, ProfileFile.Read(settings.Profile), Hardware.Measure(settings.State));
        try
        {
            // It serves from here on, though its broker may be away for days: a start that is waited for would be given up.
            notifier.Ready();
            await using var session = await ConnectAsync(parts.MqttOf(present), new AgentId(settings.Name), stoppingToken);
            await using var sensors = new SensorDesk(session.Feed, state, time, LogTelemetry);
            await sensors.ApplyAsync(present.Telemetry, stoppingToken);
            var budget = await ByteBudget.OpenAsync(state, time, () => session.Traffic.Bytes + session.DirectTraffic.Bytes, stoppingToken);
            FleetAgent? agent = null;
            var gates = new AgentGates(policy, budget, new GateSources { StateFolder = settings.State, Running = () => agent?.Running ?? [] }, time);
            gates.Keep(parts.LimitsOf(present));
            agent = new FleetAgent(SetupOf(parts, policy, config, session, state, sensors, gates, budget));
            using (agent)
            {
                await RunAsync(agent, session, config, parts, sensors, gates, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Told to stop while it was looking for its broker.
        }
    }

    private async Task RunAsync(FleetAgent agent, MqttSession session, ConfigDesk config, AgentParts parts, SensorDesk sensors, AgentGates gates, CancellationToken stoppingToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var watch = new ProgressWatch(notifier, () => agent.SinceTurn, () => session.IsConnected ? session.Silence : null, () => StatusOf(agent, session), time);
        Task[] loops =
        [
            agent.RunAsync(ending.Token),
            config.RunAsync(session.Bulletin, present => ApplyAsync(agent, parts, present, sensors, gates, ending.Token), ending.Token),
            sensors.RunAsync(() => Tell(agent, parts, config.Present, sensors), ending.Token),
            WatchAsync(agent, watch, ending.Token),
        ];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            notifier.Stopping();
            await ending.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task WatchAsync(FleetAgent agent, ProgressWatch watch, CancellationToken cancellationToken)
    {
        await agent.Ready.WaitAsync(cancellationToken);
        LogReady(local.Settings.Name, local.Settings.Broker.Url, agent.Incarnation);
        await watch.RunAsync(cancellationToken);
    }

    private async Task ApplyAsync(FleetAgent agent, AgentParts parts, TopicConfiguration present, SensorDesk sensors, AgentGates gates, CancellationToken cancellationToken)
    {
        var settings = present.Configuration.Settings;
        loggers.Least = settings.LogLevel;
        foreach (var refused in present.Report.Refused)
        {
            LogRefused(refused.Key, refused.Why);
        }

        await sensors.ApplyAsync(settings.Telemetry, cancellationToken);
        gates.Keep(parts.LimitsOf(settings));
        Tell(agent, parts, present, sensors);
    }

    private static void Tell(FleetAgent agent, AgentParts parts, TopicConfiguration present, SensorDesk sensors) =>
        agent.Change(parts.FactsOf(present.Configuration.Settings, present.Report, sensors.Collected));

    // A broker that is not there, or refuses, may be there or let us in tomorrow: a device has nobody to start it again.
    private async Task<MqttSession> ConnectAsync(MqttOptions options, AgentId agent, CancellationToken cancellationToken)
    {
        var said = string.Empty;
        while (true)
        {
            try
            {
                return await MqttSession.ConnectAsync(options, agent, time, loggers, cancellationToken);
            }
            catch (ChannelException exception)
            {
                if (exception.Message != said)
                {
                    said = exception.Message;
                    LogWaiting(said);
                }

                notifier.Status($"waiting for the broker: {said}");
                notifier.Alive(); // This loop is the one that turns now.
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private FleetAgentSetup SetupOf(AgentParts parts, AgentPolicy policy, ConfigDesk config, MqttSession session, LiteDbStateStore state, SensorDesk sensors, AgentGates gates, ByteBudget budget)
    {
        var settings = local.Settings;
        return new FleetAgentSetup
        {
            Facts = parts.FactsOf(config.Present.Configuration.Settings, config.Present.Report, sensors.Collected),
            Bulletin = session.Bulletin,
            Contact = session,
            OpenBackends = () => [new MqttChannelBackend(session), new MqttChannelBackend(session, isDirect: true)],
            State = state,
            Folders = new JobFolders(Path.Combine(settings.State, "jobs"), logger),
            Roles = host.Roles,
            Engines = host.Engines,
            LoadAsync = sensors.LoadAsync,
            DataFolder = settings.DataFolder,
            Gates = () => gates.Present,
            Bytes = budget,
            Refuses = task => AgentPolicy.Allows(policy.Controllers, task.Controller) ? null : $"the device's policy does not allow the controller '{task.Controller}'",
            ResultsOf = (plan, worker) => ResultsOf(plan, worker),
            Vitals = OperatingSystem.IsLinux() ? new LinuxVitals(time) : null,
            Time = time,
            Loggers = loggers,
        };
    }

    private RunResults ResultsOf(JobPlan plan, WorkerPlan worker)
    {
        var folder = Path.Combine(local.Settings.State, "results", plan.Job.Name.Value);
        Directory.CreateDirectory(folder);
        return new RunResults(folder, plan, () => RuntimeText.Of(plan, [worker.Id], host.Engines), plots: null);
    }

    private static string StatusOf(FleetAgent agent, MqttSession session)
    {
        var state = agent.State;
        return $"{(session.IsConnected ? state.State.ToString().ToLowerInvariant() : "waiting for the broker")}; {state.Work.Count} workers{(state.Reason is { } reason ? $"; {reason}" : string.Empty)}";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Agent} has joined the fleet at {Broker} as its run {Incarnation}.")]
    private partial void LogReady(string agent, Uri broker, long incarnation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Why}; the agent keeps trying.")]
    private partial void LogWaiting(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What}")]
    private partial void LogTelemetry(string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The config topic's key {Key} is refused: {Why}.")]
    private partial void LogRefused(string key, string why);
}
