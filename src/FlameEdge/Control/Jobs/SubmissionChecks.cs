using System.Text.Json.Nodes;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>Whether a submission can be taken at all, before anything is stored or fetched.</summary>
internal static class SubmissionChecks
{
    private const int MostFiles = 256;
    private const int ListedProblems = 10;

    /// <summary>Why it is refused; null where it is not.</summary>
    public static string? Fault(Submission submission, JobRecord? known, IReadOnlyList<DatasetOnBoard> onBoard)
    {
        var text = submission.Wish.Text!.Value; // not null: it is a submission
        var problems = new SpecProblems();
        if (JobText.Check(text, onBoard, problems) is not { } job)
        {
            return $"the job cannot work as written: {string.Join("; ", problems.All.Take(ListedProblems))}{(problems.Count > ListedProblems ? $"; and {problems.Count - ListedProblems} more" : "")}";
        }

        if (job.Name.Value != submission.Job)
        {
            return $"the text is of the job '{job.Name}', but was posted under '{submission.Job}'";
        }

        if (job.Graph.Channels.FirstOrDefault(job.IsInMemory) is { } channel)
        {
            return $"channel '{channel.Name}' is in memory, and a fleet's workers do not share one: write backend: mqtt, or tcp to let its agents meet directly";
        }

        if (submission.Wish.Files is { } files && (files.Count > MostFiles || files.Any(file => !IsRelative(file.Key) || !IsHash(file.Value))))
        {
            return $"files must be at most {MostFiles} relative paths, each with a SHA-256 in lower-case hex";
        }

        return known is { Outcome: null } && !IsSame(known, submission.Wish) && JobText.Differences(known.Text, text) is { Count: > 0 } keys
            ? $"a job of this name runs and differs in {string.Join(", ", keys)}: only datasets, rounds and fleet can change while it runs; stop it first, or give this one another name"
            : null;
    }

    /// <summary>True for the text and the files the job has already.</summary>
    public static bool IsSame(JobRecord record, DesiredJob wish) =>
        JsonNode.DeepEquals(JsonObject.Create(record.Text), JsonObject.Create(wish.Text!.Value)) // not null: it is a submission
        && record.Files.OrderBy(file => file.Key, StringComparer.Ordinal).SequenceEqual((wish.Files ?? new Dictionary<string, string>()).OrderBy(file => file.Key, StringComparer.Ordinal));

    private static bool IsRelative(string path) =>
        path.Length is > 0 and <= 512 && path[0] != '/' && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal) && !path.Split('/').Contains("..");

    private static bool IsHash(string hash) => hash.Length == 64 && hash.All(char.IsAsciiHexDigitLower);
}
