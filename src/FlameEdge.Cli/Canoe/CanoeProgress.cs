using System.Globalization;
using FlameEdge.Collaborative.Bench;
using Spectre.Console;

namespace FlameEdge.Cli.Canoe;

/// <summary>Progress of a bench: a bar on a terminal; else a line on standard error when a method has run all its seeds.</summary>
internal sealed class CanoeProgress(TextWriter error, int total)
{
    private readonly Lock gate = new();
    private ProgressTask? bar;
    private (string Dataset, string Workload, string Method) open;
    private int seeds;
    private int done;
    private long since = TimeProvider.System.GetTimestamp();

    /// <summary>Runs <paramref name="work"/> with the bar where there is a terminal.</summary>
    public void Around(Action work)
    {
        if (error != Console.Error || Console.IsOutputRedirected || Console.IsErrorRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
        {
            work();
            Flush();
            return;
        }

        AnsiConsole.Progress().AutoClear(true).Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            bar = context.AddTask("streams are read", maxValue: total);
            work();
        });
    }

    /// <summary>A run has ended.</summary>
    public void Report(BenchStep step)
    {
        lock (gate)
        {
            done++;
            var now = (step.Dataset, step.Workload, step.Method);
            if (bar is not null)
            {
                bar.Value = Math.Min(done, total);
                bar.Description = Markup.Escape($"{step.Dataset} {step.Workload} {step.Method}");
                return;
            }

            if (open != now)
            {
                Flush();
                (open, seeds) = (now, 0);
            }

            seeds++;
        }
    }

    private void Flush()
    {
        if (seeds > 0)
        {
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{open.Dataset} {open.Workload} {open.Method}: {seeds} seeds in {TimeProvider.System.GetElapsedTime(since).TotalSeconds:0.0} s"));
        }

        (since, seeds) = (TimeProvider.System.GetTimestamp(), 0);
    }
}
