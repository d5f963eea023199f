using System.CommandLine;
using System.Globalization;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Reading;
using FlameEdge.Topology;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>topology expand</c>: every worker a job makes, with its dataset, its device and the groups it joins.</summary>
internal static class TopologyExpandVerb
{
    private const int MostRows = 200;

    public static Command Create()
    {
        var verb = new Command("expand", "Show the workers a job makes.");
        new JobArguments(verb, JobFile.Source, "table", "json").Show(programs: null, WriteTable, WriteJson);
        return verb;
    }

    private static void WriteJson(TextWriter output, JobPlan plan)
    {
        using var text = new JsonText(output);
        var json = text.Json;
        json.WriteStartObject();
        json.WriteString("job", plan.Job.Name.Value);
        PlanJson.WriteCounts(json, plan);
        json.WriteStartArray("workers");
        for (var at = 0; at < plan.Workers.Count; at++)
        {
            var worker = plan.Workers[at];
            json.WriteStartObject();
            json.WriteNumber("index", at + 1);
            json.WriteString("id", worker.Id.Value);
            json.WriteString("role", worker.Role.Value);
            json.WriteString("dataset", worker.Dataset?.Value);
            json.WriteString("agent", worker.Agent?.Value);
            json.WriteStartObject("groups");
            foreach (var (channel, group) in worker.Groups)
            {
                json.WriteString(channel.Value, group.Value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            text.Drain();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTable(TextWriter output, JobPlan plan)
    {
        var table = Terminal.Table("#", "worker", "role", "dataset", "agent", "groups");
        foreach (var (worker, at) in plan.Workers.Take(MostRows).Select((worker, at) => (worker, at)))
        {
            table.AddRow(
                (at + 1).ToString(CultureInfo.InvariantCulture),
                Markup.Escape(worker.Id.Value),
                Markup.Escape(worker.Role.Value),
                Markup.Escape(worker.Dataset?.Value ?? "-"),
                Markup.Escape(worker.Agent?.Value ?? "-"),
                Markup.Escape(string.Join(", ", worker.Groups.Select(pair => $"{pair.Key}: {pair.Value}"))));
        }

        Terminal.Show(output, table);
        if (plan.Workers.Count > MostRows)
        {
            output.WriteLine($"… and {plan.Workers.Count - MostRows} more; --format json shows all");
        }

        output.WriteLine($"{plan.Job.Name}: {plan.Workers.Count} workers ({PlanJson.CountsText(plan)})");
    }
}
