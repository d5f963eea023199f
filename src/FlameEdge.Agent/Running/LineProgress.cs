using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Running;

/// <summary>Progress as lines: one a round, for pipes, logs and machines.</summary>
internal sealed class LineProgress(TextWriter output, JobPlan plan) : IJobObserver
{
    private readonly Lock gate = new();

    public void Say(WorkerId worker, string line) => Write($"{worker}: {line}");

    public void RoundEnded(WorkerId worker, RoundResult round) => Write(plan.Servers.Count > 1 ? $"{worker}: {Line(round)}" : Line(round));

    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Too fine for lines.
    }

    public void JobEnded(WorkerId worker, JobEnd end)
    {
        if (end.Reason is not null)
        {
            Write($"{worker}: {end.State}: {end.Reason}");
        }
    }

    public string Line(RoundResult round)
    {
        var counted = round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted);
        var others = round.Verdicts.Where(verdict => verdict.Verdict != Verdict.Counted).Take(3).Select(verdict => $"{verdict.Worker} {verdict.Verdict}").ToList();
        var note = (round.Outcome == RoundOutcome.NoQuorum ? "  no quorum" : string.Empty) + (others.Count == 0 ? string.Empty : $"  ({string.Join(", ", others)}{(round.Verdicts.Count - counted > 3 ? ", …" : string.Empty)})");
        return $"round {round.Round}/{plan.Job.Rounds.Count}  accuracy {Figures.Score(round.Accuracy)}  loss {Figures.Score(round.Loss)}  workers {counted}/{round.Verdicts.Count}  up {Figures.Bytes(round.BytesUp)}  down {Figures.Bytes(round.BytesDown)}  {Figures.Seconds(round.Seconds)}{note}";
    }

    private void Write(string line)
    {
        lock (gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}
