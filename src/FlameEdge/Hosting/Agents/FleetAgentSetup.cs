using FlameEdge.Channels;
using FlameEdge.Control.Gates;
using FlameEdge.Control.Fleet;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Hosting.Agents;

/// <summary>All that a fleet agent needs.</summary>
public sealed record FleetAgentSetup
{
    /// <summary>What it is at start.</summary>
    public required AgentFacts Facts { get; init; }

    /// <summary>Where it reads its task and says how it is.</summary>
    public required IBulletin Bulletin { get; init; }

    /// <summary>Whether the broker is there.</summary>
    public required IContact Contact { get; init; }

    /// <summary>Opens the backends of one worker, or of one job's <c>spec</c> channel, which goes over the first of them; disposed with it.</summary>
    public required Func<IReadOnlyList<IChannelBackend>> OpenBackends { get; init; }

    /// <summary>The agent's own durable memory.</summary>
    public required IStateStore State { get; init; }

    /// <summary>Where its jobs keep theirs.</summary>
    public required IJobFolders Folders { get; init; }

    /// <summary>The role programs on board.</summary>
    public required RoleCatalog Roles { get; init; }

    /// <summary>What trains and scores models, the preferred one first.</summary>
    public required IReadOnlyList<IEngine> Engines { get; init; }

    /// <summary>Loads a dataset; safe to call from several workers at once.</summary>
    public required Func<DatasetSpec, CancellationToken, Task<Dataset>> LoadAsync { get; init; }

    /// <summary>The only folder, beside the files a job brings along and the datasets declared here, that jobs may read; full path.</summary>
    public required string DataFolder { get; init; }

    /// <summary>What may hold work back, asked at every judgement: limits may change while the agent runs.</summary>
    public Func<IReadOnlyList<IWorkGate>> Gates { get; init; } = static () => [];

    /// <summary>Counts the day's bytes over the broker; saved every minute and at the end. Null where nobody counts.</summary>
    public ByteBudget? Bytes { get; init; }

    /// <summary>Why a task is not obeyed at all, such as a controller the device's owner does not allow; null where it is.</summary>
    public Func<AgentTask, string?> Refuses { get; init; } = static _ => null;

    /// <summary>Keeps the results of a job whose top aggregator runs here; null for nobody.</summary>
    public Func<JobPlan, WorkerPlan, IJobObserver?> ResultsOf { get; init; } = static (_, _) => null;

    /// <summary>Figures of the device; null where nobody reads them.</summary>
    public IDeviceVitals? Vitals { get; init; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where logs go.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
