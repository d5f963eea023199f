using System.Runtime.InteropServices;
using FlameEdge.Control.Fleet;
using FlameEdge.Hosting;
using FlameEdge.Hosting.Agents;
using FlameEdge.LiteDb;
using FlameEdge.Models;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Benchmarks.Crowd;

/// <summary>Many agents in one process, each with its own session, memory and folder: the real code, whose workers learn nothing.</summary>
internal static class AgentCrowd
{
    private const int Rows = 4;
    private const int AgentsInGroup = 25;

    // A device connects when it is switched on; a process that connects hundreds at once would measure its own thread pool.
    private const int ConnectingAtOnce = 16;

    /// <summary>Runs agents <c>crowd-FIRST</c> and following, each with a dataset <c>rows-N</c> on board, until the process is told to stop.</summary>
    public static async Task RunAsync(string broker, int first, int count, string folder)
    {
        using var stopping = new CancellationTokenSource();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stopping.Cancel();
        });
        using var connecting = new SemaphoreSlim(ConnectingAtOnce);
        await Task.WhenAll(Enumerable.Range(first, count).Select(index => RunAgentAsync(broker, index, Path.Combine(folder, $"crowd-{index}"), connecting, stopping.Token)));
    }

    private static async Task RunAgentAsync(string broker, int index, string folder, SemaphoreSlim connecting, CancellationToken cancellationToken)
    {
        await connecting.WaitAsync(cancellationToken);
        var name = new AgentId($"crowd-{index}");
        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new Uri(broker), StartTimeout = TimeSpan.FromMinutes(1) }, name, cancellationToken: cancellationToken);
        await using var state = LiteDbStateStore.Open(Path.Combine(folder, "agent"), NullLogger.Instance);
        using var agent = new FleetAgent(new FleetAgentSetup
        {
            Facts = FactsOf(name, index),
            Bulletin = session.Bulletin,
            Contact = session,
            OpenBackends = () => [new MqttChannelBackend(session)],
            State = state,
            Folders = new JobFolders(folder),
            Roles = StandardRoles.Catalog(),
            Engines = [new NoTraining()],
            LoadAsync = (spec, _) => Task.FromResult(new Dataset(spec.Id.Value, [8], 2, new float[8 * Rows], new int[Rows])),
            DataFolder = folder,
        });
        var running = agent.RunAsync(cancellationToken);
        await Task.WhenAny(agent.Ready, running);
        connecting.Release();
        await running;
    }

    private static AgentFacts FactsOf(AgentId name, int index)
    {
        var id = new DatasetId($"rows-{index}");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["group"] = $"g{index / AgentsInGroup}" };
        return new()
        {
            Birth = new AgentBirth
            {
                Agent = name.Value,
                Incarnation = 0,
                Version = "crowd",
                Hardware = new HardwareFacts { Architecture = "x64", Cores = 1, MemoryBytes = 1 << 28, FreeStorageBytes = 1 << 30 },
                Limits = new AgentLimits(),
                Runtimes = new Dictionary<string, string>(StringComparer.Ordinal) { ["none"] = "1" },
                Programs = [.. StandardRoles.Catalog().Names],
                Datasets = [new DatasetOnBoard(id.Value, Rows, labels)],
                DatasetCount = 1,
            },
            Datasets = new Dictionary<DatasetId, DatasetSpec> { [id] = new() { Id = id, Source = new SourceSpec { Format = "csv" } } },
        };
    }
}
