using FlameEdge.Control.Fleet;

namespace FlameEdge.Control.Jobs;

/// <summary>A job's retained notices.</summary>
internal static class JobNotes
{
    // A retained notice holds 4 KiB, and letters of other scripts take up to three bytes each.
    private const int LongestReason = 700;

    public static JobStatus Status(JobLife life, string controller, long epoch)
    {
        var record = life.Record;
        return new()
        {
            Job = record.Job,
            Generation = record.Generation,
            State = record.Phase,
            Reason = record.Reason is { Length: > LongestReason } reason ? $"{reason[..LongestReason]}…" : record.Reason,
            Round = record.Round,
            Rounds = life.Job?.Rounds.Count ?? 0,
            Accuracy = record.Accuracy,
            Workers = new SortedDictionary<string, int>(record.Workers.CountBy(PhaseOf, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
            Controller = controller,
            Epoch = epoch,
            Request = record.Request,
        };
    }

    public static JobSummary Summary(JobLife life)
    {
        var record = life.Record;
        return new()
        {
            Job = record.Job,
            Title = life.Job?.Title is { Length: <= 200 } title ? title : record.Job,
            Generation = record.Generation,
            Rounds = life.Job?.Rounds.Count ?? 0,
            Workers = new SortedDictionary<string, int>(record.Workers.CountBy(worker => worker.Role.Value, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal),
            Document = record.Document,
            Revision = record.Revision,
            Checkpoint = record.Checkpoints is [var newest, ..] ? newest.Hash : null,
            CheckpointRound = record.Checkpoints is [var last, ..] ? last.Round : null,
        };
    }

    private static string PhaseOf(WorkerRecord worker) =>
        worker.Agent is null ? "unplaced" : worker.RetryAt is not null ? "failed" : worker.Phase is { } phase ? phase.ToString().ToLowerInvariant() : nameof(WorkPhase.Starting).ToLowerInvariant();
}
