using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Output;

/// <summary>What reading a job found, one line each.</summary>
internal static class Reports
{
    /// <summary>Notes first, then problems: the last line is what must be done next.</summary>
    public static void Write(TextWriter error, SpecProblems found)
    {
        foreach (var note in found.Notes)
        {
            error.WriteLine(note);
        }

        More(error, found.NoteCount - found.Notes.Count, "notes");
        foreach (var problem in found.All)
        {
            error.WriteLine(problem);
        }

        More(error, found.Count - found.All.Count, "problems");
    }

    private static void More(TextWriter error, int count, string what)
    {
        if (count > 0)
        {
            error.WriteLine($"… and {count} more {what}");
        }
    }
}
