using FlameEdge.Agent.Reading;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Diagnostics;
using FlameEdge.Hosting;
using FlameEdge.Hosting.Telemetry;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Mqtt;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Running;

/// <summary>One call of <c>run</c>: broker, workers and results, from start to end.</summary>
internal sealed class JobRun(RunRequest request, JobPlan plan, HostParts parts, ILoggerFactory loggers, TextWriter talk)
{
    // The word from above is on its way, and who hears it must still pass it on.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly List<WorkerId> workers = request.Workers.Count == 0 ? [.. plan.Workers.Select(worker => worker.Id)] : [.. request.Workers.Select(name => new WorkerId(name))];
    private ReplayScript? replay;

    /// <summary>Runs to the end; the results, or null where the top aggregator runs elsewhere.</summary>
    public async Task<RunResults> RunAsync(Func<Func<IJobObserver, Task>, Task> show, CancellationToken cancellationToken)
    {
        replay = ReadReplay();
        await using var folder = await RunFolder.OpenAsync(request, plan, loggers.CreateLogger<RunFolder>(), cancellationToken);
        await using var broker = NeedsBroker() && !request.HasBroker ? await StartBrokerAsync() : null;
        var mqtt = request.Mqtt;
        mqtt.Broker = broker?.Uri ?? mqtt.Broker;
        mqtt.Transfer.AssemblyFolder = folder.File("state/incoming");
        await using var fleet = new MqttFleet(mqtt, TimeProvider.System, loggers);
        await using var memory = new MemoryChannelBackend(new MemoryHub());
        var results = new RunResults(folder.Path, plan, Runtime, parts.Tool?.Plots);
        await show(progress => RunWorkersAsync(folder, fleet, memory, results, progress, cancellationToken));
        if (results.Results.All(static result => result.State == "completed"))
        {
            await folder.CompleteAsync(plan, cancellationToken);
        }

        if (broker is not null && workers.Count < plan.Workers.Count)
        {
            // Workers of other processes take their leave over this broker.
            await fleet.DisposeAsync();
            await broker.WaitUntilUnusedAsync(Farewell);
        }

        return results;
    }

    private async Task RunWorkersAsync(RunFolder folder, MqttFleet fleet, MemoryChannelBackend memory, RunResults results, IJobObserver progress, CancellationToken cancellationToken)
    {
        var notices = await NoticesAsync(fleet, cancellationToken);
        var events = await EventsAsync(fleet, cancellationToken);
        var loader = new DatasetLoader();
        await using var telemetry = await TelemetryAsync(fleet, folder, cancellationToken);
        var setup = new JobSetup
        {
            Plan = plan,
            Workers = workers,
            Roles = parts.Roles,
            Engines = parts.Engines,
            LoadAsync = (spec, token) => spec.Source is null && telemetry?.Has(spec.Id) is true
                ? LoadTelemetryAsync(telemetry, spec, token)
                : Task.Run(() => loader.Load(spec), token),
            State = folder.State,
            Backends = new Dictionary<string, IChannelBackend> { [fleet.Name] = fleet, [fleet.Direct.Name] = fleet.Direct, [memory.Name] = memory },
            Observer = new ObserverGroup([results, .. notices, .. events, progress]),
            Replay = replay,
            Loggers = loggers,
        };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        StateNotice? end = null;
        var watch = WatchEndAsync(fleet, folder, notice => end = notice, ended);
        try
        {
            await new JobRunner(setup).RunAsync(ended.Token);
        }
        catch (OperationCanceledException) when (end is not null && !cancellationToken.IsCancellationRequested)
        {
            talk.WriteLine($"the run these workers took part in is over, although nobody above told them: {end.State} after round {end.Round}");
        }
        finally
        {
            await ended.CancelAsync();
            await watch.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await Task.WhenAll([.. events.Select(told => told.DisposeAsync().AsTask()), .. notices.Select(told => told.DisposeAsync().AsTask())]);
        }
    }

    private async Task<List<JobEvents>> EventsAsync(MqttFleet fleet, CancellationToken cancellationToken)
    {
        List<JobEvents> events = [];
        foreach (var worker in workers.Select(id => plan.Find(id)!).Where(worker => NeedsBroker() && JobEvents.AreToldBy(plan, worker))) // not null: they were checked
        {
            events.Add(new JobEvents(await fleet.BulletinOfAsync(worker.RunsOn, cancellationToken), plan.Job.Name, worker, worker.RunsOn));
        }

        return events;
    }

    // Asked at the end only: a version loads the runtime.
    private string Runtime() => RuntimeText.Of(plan, workers, parts.Engines);

    // Read before the folder is opened: a new run clears away the old one, which may hold this very file.
    private ReplayScript? ReadReplay()
    {
        if (request.Replay is not { } path)
        {
            return null;
        }

        if (plan.Servers.Count > 1)
        {
            throw new TopologyException($"--replay {path}: the job is {plan.Servers.Count} experiments side by side, and a result is of one: leave --replay out");
        }

        var result = JobResult.Read(path);
        if (result.Job == plan.Job.Name.Value && result.Runtime != Runtime())
        {
            talk.WriteLine($"--replay {path}: it was made by {result.Runtime}, this is {Runtime()}: the same workers are counted, the bits may differ");
        }

        return result.Job == plan.Job.Name.Value
            ? new ReplayScript(result)
            : throw new TopologyException($"--replay {path} is a result of the job '{result.Job}', not of '{plan.Job.Name}': give a result of the same job");
    }

    // Those above say that the job is over; where they died with the word, its retained state says it.
    private async Task WatchEndAsync(MqttFleet fleet, RunFolder folder, Action<StateNotice> found, CancellationTokenSource ended)
    {
        if (!request.HasBroker || plan.Workers.Where(plan.IsTop).All(top => workers.Contains(top.Id)))
        {
            return;
        }

        var agent = plan.Find(workers[0])!.RunsOn;
        var end = await EndWatch.WaitAsync(await fleet.BulletinOfAsync(agent, ended.Token), plan.Job.Name, folder.State, ended.Token);
        await Task.Delay(Farewell, TimeProvider.System, ended.Token);
        found(end);
        await ended.CancelAsync();
    }

    // Each server tells of its own experiment. Among equals any may have to tell; the first of them announces the job.
    private async Task<List<JobNotices>> NoticesAsync(MqttFleet fleet, CancellationToken cancellationToken)
    {
        List<JobNotices> notices = [];
        var servers = plan.Servers.Select(server => server.Id).ToHashSet();
        var tops = NeedsBroker() ? workers.Select(id => plan.Find(id)!).Where(plan.IsTop).ToList() : []; // not null: they were checked
        foreach (var top in servers.Count > 0 ? tops : tops.Take(1))
        {
            var isFirst = top.Id == plan.Top!.Id; // not null: there is one here
            notices.Add(new JobNotices(await fleet.BulletinOfAsync(top.RunsOn, cancellationToken), plan, top.RunsOn, isFirst, isFirst || servers.Contains(top.Id)) { Only = servers.Contains(top.Id) ? top.Id : null });
        }

        return notices;
    }

    private async Task<TelemetryCollector?> TelemetryAsync(MqttFleet fleet, RunFolder folder, CancellationToken cancellationToken)
    {
        if (request.Telemetry is not { } path)
        {
            return null;
        }

        var settings = TelemetryFile.Read(path);
        var collector = new TelemetryCollector(await fleet.FeedOfAsync(plan.Find(workers[0])!.RunsOn, cancellationToken), folder.State, TimeProvider.System, talk.WriteLine); // not null: they were checked
        await collector.ApplyAsync(settings, cancellationToken);
        return collector;
    }

    private async Task<Dataset> LoadTelemetryAsync(TelemetryCollector telemetry, DatasetSpec spec, CancellationToken cancellationToken)
    {
        var rows = await telemetry.LoadAsync(spec, plan.Job.Rounds.Patience, cancellationToken);
        talk.WriteLine($"dataset {spec.Id}: {rows.Count} rows of telemetry");
        return rows;
    }

    private bool NeedsBroker() => plan.Job.Graph.Channels.Any(channel => !plan.Job.IsInMemory(channel));

    private async Task<EmbeddedBroker> StartBrokerAsync()
    {
        var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { Port = request.Port }, loggers.CreateLogger<EmbeddedBroker>());
        talk.WriteLine($"broker {broker.Uri}   watch: mosquitto_sub -V 5 -p {broker.Port} -t '{request.Mqtt.Prefix}/job/#' -v");
        return broker;
    }
}
