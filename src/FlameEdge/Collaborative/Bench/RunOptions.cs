using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;

namespace FlameEdge.Collaborative.Bench;

/// <summary>One way to run a stream.</summary>
internal sealed record RunOptions(CanoeSettings Settings)
{
    /// <summary>Batches between a request and its packet.</summary>
    public int DelayBatches { get; init; } = 1;

    /// <summary>True where all networks begin alike.</summary>
    public bool HasCommonStart { get; init; } = true;

    /// <summary>Hidden widths of helpers, where they differ from the target's.</summary>
    public IReadOnlyList<int>? HelperHidden { get; init; }

    /// <summary>True where packets hold random weights: the machinery without knowledge.</summary>
    public bool IsUntrained { get; init; }

    /// <summary>Share of bad packets, where the workload has such: 20, 50, 100.</summary>
    public string? Offers { get; init; }

    /// <summary>How helpers are chosen.</summary>
    public DirectorySettings Directory { get; init; } = new();
}

/// <summary>What came of a run.</summary>
/// <param name="Accuracies">Macro accuracy after each batch, per stream.</param>
/// <param name="PayloadBytes">Bytes of packets, and 48 per request.</param>
/// <param name="Requests">Requests made.</param>
/// <param name="Alarms">Batches in which the detector fired.</param>
/// <param name="Verdicts">What targets decided.</param>
internal sealed record RunResult(double[][] Accuracies, long PayloadBytes, int Requests, IReadOnlyList<int> Alarms, IReadOnlyList<Verdict> Verdicts);
