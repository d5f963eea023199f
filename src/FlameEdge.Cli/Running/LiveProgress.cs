using FlameEdge.Agent.Running;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Spectre.Console;

namespace FlameEdge.Cli.Running;

/// <summary>Progress on a terminal: a bar over the rounds with the newest score, and one over the workers of the open round; a pair for each of several experiments.</summary>
internal sealed class LiveProgress(JobPlan plan) : IJobObserver
{
    private readonly Dictionary<WorkerId, (ProgressTask All, ProgressTask Open)> bars = [];
    private readonly Lock gate = new();
    private ProgressContext? shown;

    private int Rounds => plan.Job.Rounds.Count;

    /// <summary>Progress of a job where <paramref name="talk"/> is a terminal; null where lines will do.</summary>
    public static Func<Func<IJobObserver, Task>, Task>? On(TextWriter talk, JobPlan plan) =>
        talk == Console.Out && !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive ? new LiveProgress(plan).RunAsync : null;

    private Task RunAsync(Func<IJobObserver, Task> work) => AnsiConsole.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
        .StartAsync(context =>
        {
            shown = context;
            foreach (var server in plan.Servers.Count > 0 ? plan.Servers : plan.Workers.Take(1))
            {
                BarsOf(server.Id);
            }

            return work(this);
        });

    private string Name(WorkerId worker) => plan.Servers.Count > 1 ? $"{worker}: " : string.Empty;

    // Whoever of several equals tells, the bars are the same.
    private (ProgressTask All, ProgressTask Open) BarsOf(WorkerId worker)
    {
        lock (gate)
        {
            var owner = plan.Servers.Count > 1 || bars.Count == 0 ? worker : bars.Keys.First();
            if (!bars.TryGetValue(owner, out var pair))
            {
                pair = (shown!.AddTask($"{Name(worker)}round 0/{Rounds}", maxValue: Math.Max(1, Rounds)), shown.AddTask($"{Name(worker)}waiting for workers", maxValue: 1)); // shown before the work began
                bars[owner] = pair;
            }

            return pair;
        }
    }

    public void Say(WorkerId worker, string line) => AnsiConsole.MarkupLineInterpolated($"[grey]{worker}: {line}[/]");

    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        var (all, _) = BarsOf(worker);
        all.Value = round.Round;
        all.Description = $"{Name(worker)}round {round.Round}/{Rounds}  accuracy {Figures.Score(round.Accuracy)}  loss {Figures.Score(round.Loss)}  up {Figures.Bytes(round.BytesUp)}";
        foreach (var other in round.Verdicts.Where(verdict => verdict.Verdict is not Verdict.Counted).Take(5))
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]round {round.Round}: {other.Worker} {other.Verdict}: {other.Reason}[/]");
        }
    }

    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        var (_, open) = BarsOf(worker);
        open.MaxValue = Math.Max(1, expected);
        open.Value = round == 0 ? present : counted;
        open.Description = Name(worker) + (round == 0 ? $"{present}/{expected} workers present" : $"{counted}/{expected} updates, {present} workers present");
    }

    public void JobEnded(WorkerId worker, JobEnd end)
    {
        if (end.Reason is not null)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{end.State}: {end.Reason}[/]");
        }
    }
}
