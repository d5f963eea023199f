using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Tasklets;

/// <summary>All a role may use: its place in the plan, its channels, its data, an engine, durable state and time.</summary>
public sealed record RoleContext
{
    /// <summary>The job and all its workers, as they were when this worker started.</summary>
    public required JobPlan Plan { get; init; }

    /// <summary>The same as they are now, where workers may come, go and move while the job runs; null where they do not.</summary>
    public Func<JobPlan>? LatestPlan { get; init; }

    /// <summary>This worker.</summary>
    public required WorkerPlan Worker { get; init; }

    /// <summary>This worker's end of each of its role's channels, opened but not joined.</summary>
    public required IReadOnlyDictionary<ChannelName, IChannel> Channels { get; init; }

    /// <summary>What trains and scores models here.</summary>
    public required IEngine Engine { get; init; }

    /// <summary>Where it trains and scores: shared by all workers of the process.</summary>
    public required ComputeGate Compute { get; init; }

    /// <summary>How this worker trains: the job's section with its role's settings above it.</summary>
    public required TrainingSpec Training { get; init; }

    /// <summary>Loads a dataset of the job; loading twice costs once.</summary>
    public required Func<DatasetId, CancellationToken, Task<Dataset>> LoadAsync { get; init; }

    /// <summary>Durable documents and blobs; keys begin with the worker's id.</summary>
    public required IStateStore State { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where a role tells people what happens.</summary>
    public required IJobObserver Observer { get; init; }

    /// <summary>This worker's log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>A former result whose verdicts are to be repeated; null for a free run.</summary>
    public ReplayScript? Replay { get; init; }

    /// <summary>The job.</summary>
    public JobSpec Job => Plan.Job;

    /// <summary>The spec of this worker's role.</summary>
    public RoleSpec Role => Job.Graph.Roles.First(role => role.Name == Worker.Role);

    /// <summary>The channel over which this role runs the function <paramref name="tag"/>.</summary>
    /// <exception cref="TopologyException">No channel, or several, carry the tag for this role.</exception>
    public IChannel ChannelOf(string tag)
    {
        ChannelSpec[] tagged = [.. Job.Graph.Channels.Where(channel => channel.Has(Worker.Role, tag))];
        return tagged is [var only]
            ? Channels[only.Name]
            : throw new TopologyException($"role '{Worker.Role}' needs exactly one channel with the function tag '{tag}', the job has {tagged.Length}");
    }

    /// <summary>How updates are written on <paramref name="channel"/>.</summary>
    public UpdateCodec UpCodecOf(IChannel channel) => Codecs.Of(SpecOf(channel).UpCodec);

    /// <summary>How models are written on <paramref name="channel"/>.</summary>
    public UpdateCodec DownCodecOf(IChannel channel) => Codecs.Of(SpecOf(channel).DownCodec);

    /// <summary>The workers this one can meet on <paramref name="channel"/> as of now, in plan order.</summary>
    public IReadOnlyList<WorkerPlan> CohortOf(IChannel channel) =>
        (LatestPlan?.Invoke() ?? Plan).Members(channel.Endpoint.Channel, channel.Endpoint.Group, channel.Endpoint.OtherRole);

    private ChannelSpec SpecOf(IChannel channel) => Job.Graph.Channels.First(spec => spec.Name == channel.Endpoint.Channel);
}
