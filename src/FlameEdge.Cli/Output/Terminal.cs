using FlameEdge.Topology.Reading;
using Spectre.Console;

namespace FlameEdge.Cli.Output;

/// <summary>What people read: tables on standard output, one line per problem on standard error.</summary>
internal static class Terminal
{
    /// <summary>Wide enough for a worker's line where the output is a file or a pipe.</summary>
    private const int PipeWidth = 160;

    /// <summary>Writes a table or another rendering; colours only where a terminal shows them.</summary>
    public static void Show(TextWriter output, Spectre.Console.Rendering.IRenderable what)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (output != Console.Out || Console.IsOutputRedirected)
        {
            console.Profile.Width = PipeWidth;
        }

        console.Write(what);
    }

    /// <summary>A table with the look of all our tables.</summary>
    public static Table Table(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).NoWrap());
        }

        return table;
    }

    /// <summary>Notes first, then problems: the last line is what must be done next.</summary>
    public static void Report(TextWriter error, SpecProblems found)
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
