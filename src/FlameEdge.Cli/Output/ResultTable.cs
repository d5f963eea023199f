using FlameEdge.Agent.Running;
using FlameEdge.Rounds;
using Spectre.Console;

namespace FlameEdge.Cli.Output;

/// <summary>The last rounds of a result as a table.</summary>
internal static class ResultTable
{
    private const int Rows = 20;

    public static void Write(TextWriter output, JobResult result)
    {
        var table = Terminal.Table("round", "accuracy", "loss", "counted", "up", "down", "time");
        foreach (var round in result.Rounds.TakeLast(Rows))
        {
            var counted = round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted);
            table.AddRow($"{round.Round}", Figures.Score(round.Accuracy), Figures.Score(round.Loss), $"{counted}/{round.Verdicts.Count}", Figures.Bytes(round.BytesUp), Figures.Bytes(round.BytesDown), Figures.Seconds(round.Seconds));
        }

        Terminal.Show(output, table);
    }
}
