using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Tests.Federated;

/// <summary>What one worker of a plan has around it on its channel <c>param</c>, without the others.</summary>
internal static class LoneWorker
{
    public static async Task<RoleContext> ContextAsync(MemoryChannelBackend backend, JobPlan plan, WorkerId id, RoleName other, MemoryStateStore state, long incarnation = 1)
    {
        var worker = plan.Find(id)!; // Of the plan.
        var channel = await backend.OpenAsync(
            new ChannelEndpoint
            {
                Job = plan.Job.Name,
                Channel = new("param"),
                Group = worker.Groups[new("param")],
                Self = id,
                Agent = new("here"),
                Role = worker.Role,
                OtherRole = other,
                Placement = plan.Workers.Where(peer => peer.Role == other).ToDictionary(peer => peer.Id, _ => new AgentId("here")),
                Incarnation = incarnation,
            },
            CancellationToken.None);
        return new RoleContext
        {
            Plan = plan,
            Worker = worker,
            Channels = new Dictionary<ChannelName, IChannel> { [new("param")] = channel },
            Engine = new SoftmaxEngine(),
            Compute = new ComputeGate(1),
            Training = plan.Job.Training,
            LoadAsync = (dataset, _) => Task.FromResult(TestJobs.Rows(dataset)),
            State = state,
            Time = TimeProvider.System,
            Observer = new RecordingObserver(),
            Logger = NullLogger.Instance,
        };
    }
}
