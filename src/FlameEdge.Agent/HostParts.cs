using FlameEdge.Hosting;
using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent;

/// <summary>What a program is made of.</summary>
internal sealed record HostParts
{
    /// <summary>The role programs on board.</summary>
    public required RoleCatalog Roles { get; init; }

    /// <summary>What trains and scores models, the preferred one first; at least one.</summary>
    public required IReadOnlyList<IEngine> Engines { get; init; }

    /// <summary>What the operator's tool adds; null on a device.</summary>
    public ToolParts? Tool { get; init; }

    /// <summary>The standard roles with those of the caller, and ONNX Runtime unless the caller names engines.</summary>
    public static HostParts Of(Action<RoleCatalog>? roles, IReadOnlyList<IEngine>? engines)
    {
        var catalog = StandardRoles.Catalog();
        roles?.Invoke(catalog);
        return new() { Roles = catalog, Engines = engines is { Count: > 0 } ? engines : [new OnnxEngine()] };
    }
}

/// <summary>What an operator has and a device has not: YAML, a terminal, plots. A tool may also run without a broker and without naming workers.</summary>
internal sealed record ToolParts
{
    /// <summary>Reads YAML: text, file, problems.</summary>
    public required Func<string, string, SpecProblems, SpecNode?> ReadYaml { get; init; }

    /// <summary>Live progress of a job, where the talk goes to a terminal; null where lines will do.</summary>
    public required Func<TextWriter, JobPlan, Func<Func<IJobObserver, Task>, Task>?> Live { get; init; }

    /// <summary>Shows a result to people.</summary>
    public required Action<TextWriter, JobResult> ShowRounds { get; init; }

    /// <summary>Pictures of a result: a file's name, and what writes it to a path.</summary>
    public required Func<JobPlan, IReadOnlyList<RoundResult>, IEnumerable<(string Name, Action<string> Write)>> Plots { get; init; }
}
