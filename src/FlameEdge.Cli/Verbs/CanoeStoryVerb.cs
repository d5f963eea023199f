using System.CommandLine;
using System.Globalization;
using FlameEdge.Agent;
using FlameEdge.Cli.Canoe;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Plots;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>canoe story</c>: what happened in a Canoe job, told on the terminal, with its accuracy beside that of the same job alone.</summary>
internal static class CanoeStoryVerb
{
    private static readonly int[] s_shown = [1, 2, 3, 5, 10, 20, 40, 80, 150];

    public static Command Create()
    {
        var helped = new Argument<string>("FOLDER") { Description = "--out folder of a finished Canoe job" };
        var alone = new Argument<string?>("ALONE") { Description = "that of the same job with canoe.collaborates=false, to compare with", Arity = ArgumentArity.ZeroOrOne };
        var picture = new Option<string?>("--plot") { Description = "a PNG file for the accuracy over batches", HelpName = "FILE" };
        var verb = new Command("story", "Tell what happened in a Canoe job: who noticed what, who was asked, what was sent, what it was worth.") { helped, alone, picture };
        verb.SetAction(parsed =>
        {
            var story = CanoeStory.Read(parsed.GetValue(helped)!); // An argument that must be given.
            var other = parsed.GetValue(alone) is { } folder ? CanoeStory.Read(folder) : null;
            Tell(story, other, parsed.GetValue(picture), parsed.InvocationConfiguration.Output);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Tell(CanoeStory story, CanoeStory? alone, string? picture, TextWriter output)
    {
        foreach (var (batch, text) in story.Sentences())
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"batch {batch,3}  {text}"));
        }

        if (story.Target is not { } target)
        {
            output.WriteLine("nobody asked for anything, and nobody was scored (canoe.scoreEvery)");
            return;
        }

        var (mine, others) = (story.Curve(target), alone?.Curve(target));
        Show(output, mine, others);
        output.WriteLine($"{target}: {story.Requests} requests, packets of {story.PacketBytes} bytes in all");
        if (picture is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(picture))!); // A file has a folder.
            LearningCurvePlot.Write(picture, $"{target}: a world that changes at batch 1", "macro accuracy", [("with help", mine.Batches, mine.Accuracies), .. others is { } curve ? [("alone", curve.Batches, curve.Accuracies)] : Array.Empty<(string, IReadOnlyList<double>, IReadOnlyList<double>)>()], "batch after the change");
            output.WriteLine($"plot: {picture}");
        }
    }

    private static void Show(TextWriter output, (IReadOnlyList<double> Batches, IReadOnlyList<double> Accuracies) mine, (IReadOnlyList<double> Batches, IReadOnlyList<double> Accuracies)? alone)
    {
        var table = Terminal.Table([.. new[] { "after batch", "with help", alone is null ? null : "alone" }.OfType<string>()]);
        foreach (var batch in s_shown.Where(batch => mine.Batches.Contains(batch)))
        {
            table.AddRow([.. new[] { $"{batch}", At(mine, batch), alone is { } curve ? At(curve, batch) : null }.OfType<string>()]);
        }

        Terminal.Show(output, table);

        static string At((IReadOnlyList<double> Batches, IReadOnlyList<double> Accuracies) curve, int batch) =>
            curve.Batches.ToList().IndexOf(batch) is var place and >= 0 ? curve.Accuracies[place].ToString("0.000", CultureInfo.InvariantCulture) : "-";
    }
}
