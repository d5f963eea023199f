using Spectre.Console;

namespace FlameEdge.Cli.Output;

/// <summary>What people read: tables on standard output.</summary>
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
}
