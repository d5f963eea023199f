using FlameEdge.Channels;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Hosting;

/// <summary>All that a process needs to run workers of a job.</summary>
public sealed record JobSetup
{
    /// <summary>The job and all its workers.</summary>
    public required JobPlan Plan { get; init; }

    /// <summary>The workers this process runs; null for all.</summary>
    public IReadOnlyList<WorkerId>? Workers { get; init; }

    /// <summary>The role programs on board.</summary>
    public required RoleCatalog Roles { get; init; }

    /// <summary>What trains and scores models: the first one wherever the job names no runtime.</summary>
    public required IReadOnlyList<IEngine> Engines { get; init; }

    /// <summary>Loads a dataset; safe to call from several workers at once.</summary>
    public required Func<DatasetSpec, CancellationToken, Task<Dataset>> LoadAsync { get; init; }

    /// <summary>Durable state of this process.</summary>
    public required IStateStore State { get; init; }

    /// <summary>The channel backends by the name a job gives them.</summary>
    public required IReadOnlyDictionary<string, IChannelBackend> Backends { get; init; }

    /// <summary>Where workers tell people what happens.</summary>
    public required IJobObserver Observer { get; init; }

    /// <summary>Threads that trainings and scorings use at once; null for one per core.</summary>
    public int? ComputeLimit { get; init; }

    /// <summary>Where all workers of a process compute that runs several of these; null for a gate of this one's own (<see cref="ComputeLimit"/>).</summary>
    public ComputeGate? Compute { get; init; }

    /// <summary>Incarnations of these workers lie above it. A fleet puts the attempt of a placement into the high half, so that a worker that moved is newer than all that was heard of it.</summary>
    public long IncarnationFloor { get; init; }

    /// <summary>Verdicts to repeat; null for a free run.</summary>
    public ReplayScript? Replay { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where logs go.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
