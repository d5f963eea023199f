namespace FlameEdge.Scenarios.Kill;

/// <summary>Every labelled point and who reaches it.</summary>
internal static class KillPoints
{
    private static readonly string[] OfEverybody = ["file-before-rename", "state-before-commit", "state-after-commit"];
    private static readonly string[] OfUpperSides = ["update-blob-stored", "update-stored"];

    public static IReadOnlyList<(string Worker, string Label)> All { get; } =
    [
        .. Of("trainer_1", ["trained", "update-kept", "update-sent", .. OfEverybody]),
        .. Of("middle_0", ["middle-ended", .. OfUpperSides, "middle-aggregated", "middle-kept", "middle-sent", .. OfEverybody]),
        .. Of(KillJob.Aggregator, [.. OfUpperSides, "round-aggregated", "model-stored", "round-committed", "job-ended", .. OfEverybody]),
    ];

    /// <summary>The turns of a point somebody dies at, one life after the other. State is written at the start already: its later turns fall into rounds.</summary>
    public static string[] LivesOf(string label) => label switch
    {
        "file-before-rename" or "state-before-commit" or "state-after-commit" => [$"{label}:4", $"{label}:2"],
        "middle-ended" or "job-ended" => [label],
        _ => [$"{label}:1", $"{label}:2"],
    };

    private static IEnumerable<(string Worker, string Label)> Of(string worker, IEnumerable<string> labels) => labels.Select(label => (worker, label));
}
