namespace FlameEdge.Collaborative.Directory;

/// <summary>What a site tells of itself: never rows, never weights. Rides in its retained presence, so that any site can rank alone.</summary>
public sealed record SiteRecord
{
    /// <summary>The site.</summary>
    public required string Site { get; init; }

    /// <summary>Which run of it.</summary>
    public ulong Incarnation { get; init; }

    /// <summary>Short hash of its parameters.</summary>
    public required ulong ModelHash { get; init; }

    /// <summary>Short hash of the parameters it began with.</summary>
    public required uint Lineage { get; init; }

    /// <summary>Hash of features, their order, shape and normalisation.</summary>
    public required ulong InputContract { get; init; }

    /// <summary>What it knows, class by class.</summary>
    public required IReadOnlyList<ClassRecord> Classes { get; init; }

    /// <summary>Batches it has learned.</summary>
    public required long Batches { get; init; }

    /// <summary>How good its link is, in [0, 1].</summary>
    public double Link { get; init; } = 1;

    /// <summary>False while it does not want to help.</summary>
    public bool IsWilling { get; init; } = true;

    /// <summary>When it said so, by the reader's clock.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>What a site knows of a class, in a byte each.</summary>
/// <param name="LabelId">Hash of the label's name.</param>
/// <param name="CountStep">8 · log2(1 + distinct labelled rows), rounded; <see cref="Count"/> is what it says.</param>
/// <param name="RecallStep">255 · recall of late, rounded.</param>
public sealed record ClassRecord(ulong LabelId, byte CountStep, byte RecallStep)
{
    /// <summary>Labelled rows, to within 5 %.</summary>
    public double Count => Math.Pow(2, CountStep / 8.0) - 1;

    /// <summary>Share of the class's rows predicted rightly of late, in [0, 1].</summary>
    public double Recall => RecallStep / 255.0;

    /// <summary>The record of so many rows and such a recall.</summary>
    public static ClassRecord Of(ulong labelId, double count, double recall) =>
        new(labelId, (byte)Math.Clamp(Math.Round(8 * Math.Log2(1 + count)), 0, 255), (byte)Math.Round(255 * Math.Clamp(recall, 0, 1)));
}
