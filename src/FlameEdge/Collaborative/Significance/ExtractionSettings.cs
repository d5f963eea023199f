namespace FlameEdge.Collaborative.Significance;

/// <summary>How a helper cuts knowledge out of its network; defaults as recommended for common data.</summary>
public sealed record ExtractionSettings
{
    /// <summary>What tells which units matter.</summary>
    public ISignificance Significance { get; init; } = new TaylorSignificance();

    /// <summary>Units to keep per dense hidden layer; an eighth of those beyond the list.</summary>
    public IReadOnlyList<int> Units { get; init; } = [8, 4];

    /// <summary>Channels to keep per convolution; an eighth of those beyond the list.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [3, 6];

    /// <summary>Most bytes of one class's weights.</summary>
    public int BudgetBytes { get; init; } = 64 << 10;

    /// <summary>Rows of the class used, at most; three times as many of the others. Only distinct rows are kept, repeats would train the specialist on few.</summary>
    public int Examples { get; init; } = 240;

    /// <summary>Passes over them when what was cut is repaired.</summary>
    public int RepairEpochs { get; init; } = 40;

    /// <summary>Single weights to keep in place of whole units, each with its place; 0 for units.</summary>
    public int ScatteredWeights { get; init; }

    /// <summary>Values that a refresh changes at most, of what a target already has.</summary>
    public int RefreshedValues { get; init; } = 96;

    /// <summary>Hidden weights sent as deltas against a common ancestor; 0 for none.</summary>
    public int AlignedDeltas { get; init; }
}
