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

    /// <summary>What runs the target's network; plain C# where null.</summary>
    public SiteEngine? TargetEngine { get; init; }

    /// <summary>What runs the helpers' networks; plain C# where null.</summary>
    public SiteEngine? HelperEngine { get; init; }

    /// <summary>True where packets hold random weights: the machinery without knowledge.</summary>
    public bool IsUntrained { get; init; }

    /// <summary>Share of bad packets, where the workload has such: 20, 50, 100.</summary>
    public string? Offers { get; init; }

    /// <summary>What of the right helper is written into the target's network when a class is new, without asking what it does there.</summary>
    public Transfer Transfer { get; init; }

    /// <summary>How helpers are chosen.</summary>
    public DirectorySettings Directory { get; init; } = new();
}

/// <summary>What of a helper's network takes the place of the target's.</summary>
internal enum Transfer
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>All parameters.</summary>
    Model,

    /// <summary>The row of the last layer that leads to each new class.</summary>
    OutputRow,

    /// <summary>The most significant changes since the common start, and the row.</summary>
    AlignedDelta,
}

/// <summary>What came of a run: macro accuracy after each batch, per stream.</summary>
internal sealed record RunResult(List<double>[] Accuracies)
{
    /// <summary>Accuracies after the last batches before the change, on the classes known then.</summary>
    public List<double> Before { get; } = [];

    /// <summary>Bytes of packets, and 48 per request.</summary>
    public long PayloadBytes { get; set; }

    /// <summary>Batches in which the detector fired.</summary>
    public List<int> Alarms { get; } = [];

    /// <summary>What came of each batch, as it was learned.</summary>
    public List<(int Batch, SiteStep Step)> Steps { get; } = [];

    /// <summary>What targets decided.</summary>
    public List<Verdict> Verdicts { get; } = [];

    /// <summary>What happened, in order.</summary>
    public List<StoryLine> Story { get; } = [];
}
