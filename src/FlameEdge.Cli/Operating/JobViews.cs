using System.Globalization;
using System.Text;
using FlameEdge.Cli.Output;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using Spectre.Console;

namespace FlameEdge.Cli.Operating;

/// <summary>Jobs as people and scripts read them.</summary>
internal static class JobViews
{
    /// <summary>One job.</summary>
    public static void WriteStatus(TextWriter output, JobStatus status, bool isJson)
    {
        if (isJson)
        {
            output.WriteLine(Encoding.UTF8.GetString(FleetJson.Write(status, FleetJson.Default.JobStatus)));
            return;
        }

        output.WriteLine(Line(status));
    }

    /// <summary>Several jobs.</summary>
    public static void WriteAll(TextWriter output, IReadOnlyList<JobStatus> all, bool isJson)
    {
        if (isJson)
        {
            output.WriteLine($"[{string.Join(",\n", all.Select(status => Encoding.UTF8.GetString(FleetJson.Write(status, FleetJson.Default.JobStatus))))}]");
            return;
        }

        Terminal.Show(output, Table(all));
    }

    /// <summary>A table of jobs.</summary>
    public static Table Table(IReadOnlyList<JobStatus> all)
    {
        var table = Terminal.Table("job", "state", "round", "accuracy", "workers", "why");
        foreach (var status in all.OrderBy(status => status.Job, StringComparer.Ordinal))
        {
            table.AddRow(Markup.Escape(status.Job), Word(status.State), $"{status.Round}/{status.Rounds}", Accuracy(status), Markup.Escape(Workers(status)), Markup.Escape(status.Reason ?? ""));
        }

        return table;
    }

    /// <summary>A job in one line.</summary>
    public static string Line(JobStatus status) =>
        $"{status.Job}: {Word(status.State)}, round {status.Round}/{status.Rounds}{(status.Accuracy is null ? "" : $", accuracy {Accuracy(status)}")}{(status.Workers.Count == 0 ? "" : $", {Workers(status)}")}{(status.Reason is null ? "" : $" ({status.Reason})")}";

    /// <summary>A phase in lower case, as it stands in JSON.</summary>
    public static string Word(Enum phase) => phase.ToString().ToLowerInvariant();

    private static string Accuracy(JobStatus status) => status.Accuracy?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "-";

    private static string Workers(JobStatus status) => string.Join(", ", status.Workers.Select(pair => $"{pair.Value} {pair.Key}"));
}
