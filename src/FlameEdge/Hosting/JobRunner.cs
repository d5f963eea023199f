using System.Collections.Concurrent;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting;

/// <summary>Runs workers of a job in this process until the job is over. The first fault of one ends all: a run that goes on without a part would tell half the truth.</summary>
public sealed class JobRunner(JobSetup setup)
{
    private const string Incarnations = "incarnations";
    private readonly ConcurrentDictionary<WorkerId, IReadOnlyList<IChannel>> open = new();
    private volatile JobPlan plan = setup.Plan;

    /// <summary>Completes when every worker of this process has done its part.</summary>
    /// <exception cref="FlameEdgeException">The job, its data, its state, a peer or the broker stands in the way.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var workers = Chosen();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var own = setup.Compute is null ? new ComputeGate(setup.ComputeLimit) : null;
        var compute = setup.Compute ?? own!; // One of the two is there.
        Exception? first = null;
        await Task.WhenAll(workers.Select(worker => Task.Run(() => GuardAsync(worker), CancellationToken.None)));
        cancellationToken.ThrowIfCancellationRequested();
        if (first is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }

        async Task GuardAsync(WorkerPlan worker)
        {
            try
            {
                await RunWorkerAsync(worker, compute, stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // Somebody else's fault, or the user's wish.
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref first, error, null);
                await stopping.CancelAsync();
            }
        }
    }

    /// <summary>Workers have come, gone or moved since: those running here meet the others where they are now, from their next round on. Safe at any time.</summary>
    public async Task PlaceAsync(JobPlan latest, CancellationToken cancellationToken)
    {
        plan = latest;
        foreach (var channel in open.Values.SelectMany(channels => channels))
        {
            await PlaceAsync(channel, latest, cancellationToken);
        }
    }

    private static async Task PlaceAsync(IChannel channel, JobPlan latest, CancellationToken cancellationToken)
    {
        if (channel is IPlacedChannel placed)
        {
            await placed.PlaceAsync(PlacementOf(latest, channel.Endpoint), cancellationToken);
        }
    }

    private static Dictionary<WorkerId, AgentId> PlacementOf(JobPlan plan, ChannelEndpoint end) =>
        plan.Members(end.Channel, end.Group, end.OtherRole).Where(member => member.Id != end.Self).ToDictionary(member => member.Id, member => member.RunsOn);

    private List<WorkerPlan> Chosen()
    {
        if (setup.Workers is null)
        {
            return [.. setup.Plan.Workers];
        }

        return [.. setup.Workers.Select(id => setup.Plan.Find(id)
            ?? throw new TopologyException($"the job has no worker '{id}'; it has {string.Join(", ", setup.Plan.Workers.Take(8).Select(worker => worker.Id))}{(setup.Plan.Workers.Count > 8 ? ", …" : string.Empty)}"))];
    }

    private async Task RunWorkerAsync(WorkerPlan worker, ComputeGate compute, CancellationToken cancellationToken)
    {
        var channels = new Dictionary<ChannelName, IChannel>();
        try
        {
            var ends = EndsOf(worker);
            var incarnation = await NextIncarnationAsync(worker.Id, ends, cancellationToken);
            foreach (var (backend, endpoint) in ends)
            {
                channels[endpoint.Channel] = await backend.OpenAsync(endpoint with { Incarnation = incarnation }, cancellationToken);
            }

            open[worker.Id] = [.. channels.Values];
            foreach (var channel in channels.Values)
            {
                // A placement that came while the channels were being opened.
                await PlaceAsync(channel, plan, cancellationToken);
            }

            await using var role = setup.Roles.Create(setup.Plan.Job.Graph.Roles.First(role => role.Name == worker.Role).Program, ContextOf(worker, channels, compute));
            await role.Compose().RunAsync(cancellationToken);
        }
        finally
        {
            open.TryRemove(worker.Id, out _);
            foreach (var channel in channels.Values)
            {
                await channel.DisposeAsync();
            }
        }
    }

    private List<(IChannelBackend Backend, ChannelEndpoint Endpoint)> EndsOf(WorkerPlan worker) =>
    [
        .. setup.Plan.Job.Graph.Channels
            .Where(spec => worker.Groups.ContainsKey(spec.Name))
            .Select(spec => (BackendOf(spec), EndpointOf(worker, spec, worker.Groups[spec.Name]))),
    ];

    private IChannelBackend BackendOf(ChannelSpec spec)
    {
        var name = spec.Backend ?? setup.Plan.Job.Backend;
        return setup.Backends.TryGetValue(name, out var backend)
            ? backend
            : throw new TopologyException($"channel '{spec.Name}' asks for the backend '{name}', which this run does not have; it has {string.Join(", ", setup.Backends.Keys)}");
    }

    private ChannelEndpoint EndpointOf(WorkerPlan worker, ChannelSpec spec, GroupName group)
    {
        var other = spec.OtherThan(worker.Role);
        var end = new ChannelEndpoint
        {
            Job = setup.Plan.Job.Name,
            Channel = spec.Name,
            Group = group,
            Self = worker.Id,
            Agent = worker.RunsOn,
            Role = worker.Role,
            OtherRole = other,
            Incarnation = 0,
            Placement = new Dictionary<WorkerId, AgentId>(),
        };
        var placement = PlacementOf(plan, end);
        return end with { Placement = placement, IsLeaf = worker.Groups.Count == 1 && placement.Count == 1 };
    }

    private RoleContext ContextOf(WorkerPlan worker, Dictionary<ChannelName, IChannel> channels, ComputeGate compute) => new()
    {
        Plan = setup.Plan,
        LatestPlan = () => plan,
        Worker = worker,
        Channels = channels,
        Engine = EngineOf(worker),
        Training = setup.Plan.Job.TrainingOf(worker.Role),
        Compute = compute,
        LoadAsync = LoadAsync,
        State = setup.State,
        Time = setup.Time,
        Observer = setup.Observer,
        Logger = setup.Loggers.CreateLogger($"FlameEdge.{worker.Role}"),
        Replay = setup.Replay,
    };

    private IEngine EngineOf(WorkerPlan worker) => setup.Plan.Job.TrainingOf(worker.Role).Runtime is not { } runtime
        ? setup.Engines[0]
        : setup.Engines.FirstOrDefault(engine => engine.Name == runtime)
            ?? throw new TopologyException($"'{worker.Id}' asks for the runtime '{runtime}', which this program does not have on board; it has {string.Join(", ", setup.Engines.Select(engine => engine.Name))}. Run the worker with a program that has it, or change training.runtime");

    private Task<Dataset> LoadAsync(DatasetId id, CancellationToken cancellationToken) => setup.LoadAsync(setup.Plan.Job.Datasets[id], cancellationToken);

    // Never the clock: a device without one must still be newer than its own past, and one whose disk was wiped than what others remember of it.
    private async Task<long> NextIncarnationAsync(WorkerId worker, IEnumerable<(IChannelBackend Backend, ChannelEndpoint Endpoint)> ends, CancellationToken cancellationToken)
    {
        var key = worker.Value;
        var stored = await setup.State.ReadAsync(Incarnations, key, cancellationToken) is { } json ? JsonDocument.Parse(json).RootElement.GetInt64() : 0;
        var last = Math.Max(stored, setup.IncarnationFloor);
        foreach (var group in ends.GroupBy(end => end.Backend, end => end.Endpoint))
        {
            if (group.Key is IIncarnationMemory memory)
            {
                last = Math.Max(last, await memory.SeenIncarnationAsync([.. group], cancellationToken));
            }
        }

        await setup.State.CommitAsync([new StateChange(Incarnations, key, System.Text.Encoding.ASCII.GetBytes((last + 1).ToString()))], cancellationToken);
        return last + 1;
    }
}
