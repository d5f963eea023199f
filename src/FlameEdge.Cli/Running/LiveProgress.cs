using FlameEdge.Agent.Running;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Spectre.Console;

namespace FlameEdge.Cli.Running;

/// <summary>Progress on a terminal: a bar over the rounds with the newest score, and one over the workers of the open round.</summary>
internal sealed class LiveProgress(int rounds) : IJobObserver
{
    private ProgressTask? all;
    private ProgressTask? open;

    /// <summary>Progress for so many rounds where <paramref name="talk"/> is a terminal; null where lines will do.</summary>
    public static Func<Func<IJobObserver, Task>, Task>? On(TextWriter talk, int rounds) =>
        talk == Console.Out && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive ? new LiveProgress(rounds).RunAsync : null;

    private Task RunAsync(Func<IJobObserver, Task> work) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
        .StartAsync(context =>
        {
            all = context.AddTask($"round 0/{rounds}", maxValue: Math.Max(1, rounds));
            open = context.AddTask("waiting for workers", maxValue: 1);
            return work(this);
        });

    public void Say(WorkerId worker, string line) => AnsiConsole.MarkupLineInterpolated($"[grey]{worker}: {line}[/]");

    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        if (all is null)
        {
            return;
        }

        all.Value = round.Round;
        all.Description = $"round {round.Round}/{rounds}  accuracy {Figures.Score(round.Accuracy)}  loss {Figures.Score(round.Loss)}  up {Figures.Bytes(round.BytesUp)}";
        foreach (var other in round.Verdicts.Where(verdict => verdict.Verdict is not Verdict.Counted).Take(5))
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]round {round.Round}: {other.Worker} {other.Verdict}: {other.Reason}[/]");
        }
    }

    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        if (open is null)
        {
            return;
        }

        open.MaxValue = Math.Max(1, expected);
        open.Value = round == 0 ? present : counted;
        open.Description = round == 0 ? $"{present}/{expected} workers present" : $"{counted}/{expected} updates, {present} workers present";
    }

    public void JobEnded(WorkerId worker, JobEnd end)
    {
        if (end.Reason is not null)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{end.State}: {end.Reason}[/]");
        }
    }
}
