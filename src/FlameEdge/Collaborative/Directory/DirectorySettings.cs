namespace FlameEdge.Collaborative.Directory;

/// <summary>Who may help whom.</summary>
public sealed record DirectorySettings
{
    /// <summary>Fewest labelled rows of a class that a helper must have.</summary>
    public double LeastCount { get; init; } = 40;

    /// <summary>Least recall of a class that a helper must have, in [0, 1]: more often right than wrong. What a helper confuses among many classes it may still tell from the rest; the target's gate decides.</summary>
    public double LeastRecall { get; init; } = 0.5;

    /// <summary>Oldest record that counts.</summary>
    public TimeSpan OldestRecord { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Sites that are never named.</summary>
    public IReadOnlyList<string> Denied { get; init; } = [];
}
