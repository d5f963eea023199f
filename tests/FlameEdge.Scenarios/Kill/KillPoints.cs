namespace FlameEdge.Scenarios.Kill;

/// <summary>Every labelled point and who reaches it.</summary>
internal static class KillPoints
{
    private static readonly string[] OfEverybody = ["file-before-rename", "state-before-commit", "state-after-commit"];
    private static readonly string[] OfUpperSides = ["update-blob-stored", "update-stored"];

    public static IReadOnlyList<(string Worker, string Label)> All { get; } =
    [
        .. Of("trainer_1", ["trained", "update-kept", "update-sent", .. OfEverybody]),
        .. Of("middle_0", [.. OfUpperSides, "middle-aggregated", "middle-kept", "middle-sent", .. OfEverybody]),
        .. Of(KillJob.Aggregator, [.. OfUpperSides, "round-aggregated", "model-stored", "round-committed", .. OfEverybody]),
    ];

    /// <summary>State is written at the start already; the first turn that falls into the first rounds comes later.</summary>
    public static int TurnInFirstRound(string label) => label.StartsWith("state-", StringComparison.Ordinal) || label == "file-before-rename" ? 4 : 1;

    private static IEnumerable<(string Worker, string Label)> Of(string worker, IEnumerable<string> labels) => labels.Select(label => (worker, label));
}
