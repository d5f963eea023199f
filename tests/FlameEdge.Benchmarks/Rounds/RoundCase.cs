using System.Globalization;
using FlameEdge.RoundWorker;

namespace FlameEdge.Benchmarks.Rounds;

/// <summary>One line of the matrix.</summary>
/// <param name="Job">What is played; its rounds are those that are counted.</param>
/// <param name="Processes">Processes the trainers are spread over.</param>
internal sealed record RoundCase(RoundJob Job, int Processes)
{
    /// <summary>Reads <c>MBxTRAINERS[/GROUPS][:CODEC][@PROCESSES][+BACKEND]</c>: <c>40x10</c>, <c>4x10/2:int8</c>, <c>0.01x1000@4</c>, <c>40x2+tcp</c>. A process for each trainer unless told.</summary>
    public static RoundCase Read(string text, int rounds)
    {
        var (rest, backend) = Cut(text, '+');
        (rest, var processes) = Cut(rest, '@');
        (rest, var codec) = Cut(rest, ':');
        (rest, var groups) = Cut(rest, '/');
        var (size, trainers) = Cut(rest, 'x');
        var job = new RoundJob((long)(1e6 * double.Parse(size, CultureInfo.InvariantCulture)), Number(trainers, 1), Number(groups, 0), rounds, codec ?? "float32", backend ?? "mqtt");
        return new(job, Number(processes, job.Trainers));
    }

    /// <summary>For people: 40 MB × 10, and what is special about it.</summary>
    public override string ToString()
    {
        var (size, unit) = Job.Bytes >= 1_000_000_000 ? (Job.Bytes / 1e9, "GB") : Job.Bytes >= 100_000 ? (Job.Bytes / 1e6, "MB") : (Job.Bytes / 1e3, "kB");
        var groups = Job.Groups > 0 ? $", {Job.Groups} groups" : string.Empty;
        var codec = Job.Codec != "float32" ? $", {Job.Codec}" : string.Empty;
        var backend = Job.Backend != "mqtt" ? $", {Job.Backend}" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{size} {unit} × {Job.Trainers}{groups}{codec}{backend}");
    }

    private static (string Before, string? After) Cut(string text, char mark) => text.Split(mark, 2) is [var left, var right] ? (left, right) : (text, null);

    private static int Number(string? text, int otherwise) => text is null ? otherwise : int.Parse(text, CultureInfo.InvariantCulture);
}
