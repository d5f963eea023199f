using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Plots;

/// <summary>The pictures of a result: <c>accuracy.png</c> and <c>loss.png</c>, where there are such figures.</summary>
internal static class LearningCurves
{
    /// <summary>Each picture's file name, and what writes it to a path.</summary>
    public static IEnumerable<(string Name, Action<string> Write)> Of(JobPlan plan, IReadOnlyList<RoundResult> rounds) =>
    [
        .. Curve(plan, rounds, "accuracy.png", "Accuracy", "test accuracy", round => round.Accuracy),
        .. Curve(plan, rounds, "loss.png", "Loss", "test loss (nats)", round => round.Loss),
    ];

    private static IEnumerable<(string Name, Action<string> Write)> Curve(JobPlan plan, IReadOnlyList<RoundResult> rounds, string name, string what, string label, Func<RoundResult, double?> value)
    {
        var points = rounds.Where(round => value(round) is not null).ToList();
        if (points.Count > 0)
        {
            (string, IReadOnlyList<double>, IReadOnlyList<double>) series = (what, [.. points.Select(round => (double)round.Round)], [.. points.Select(round => value(round)!.Value)]);
            yield return (name, path => LearningCurvePlot.Write(path, $"{plan.Job.Title}: {what.ToLowerInvariant()} by round", label, [series]));
        }
    }
}
