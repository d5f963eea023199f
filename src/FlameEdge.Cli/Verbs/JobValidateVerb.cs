using System.CommandLine;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Output;
using FlameEdge.Cli.Reading;
using FlameEdge.Topology;
using FlameEdge.Topology.Checks;
using Spectre.Console;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>job validate</c>: everything that would keep a job from running here, at once.</summary>
internal static class JobValidateVerb
{
    public static Command Create(IReadOnlySet<string> programs)
    {
        var verb = new Command("validate", "Check a job without running it.");
        new JobArguments(verb, JobFile.Source, "table", "json").Show(programs, WriteTable, WriteJson);
        return verb;
    }

    private static void WriteJson(TextWriter output, JobPlan plan)
    {
        using var text = new JsonText(output);
        text.Json.WriteStartObject();
        text.Json.WriteString("job", plan.Job.Name.Value);
        text.Json.WriteBoolean("valid", true);
        PlanJson.WriteCounts(text.Json, plan);
        text.Json.WriteNumber("longestTopicBytes", LongestTopic(plan));
        text.Json.WriteEndObject();
    }

    private static void WriteTable(TextWriter output, JobPlan plan)
    {
        var table = Terminal.Table("role", "program", "workers", "channels");
        foreach (var role in plan.Job.Graph.Roles)
        {
            var channels = plan.Job.Graph.Channels.Where(channel => channel.Pair.First == role.Name || channel.Pair.Second == role.Name);
            table.AddRow(
                Markup.Escape(role.Name.Value),
                Markup.Escape(role.Program),
                $"{Expansion.CountOf(role)}",
                Markup.Escape(string.Join(", ", channels.Select(channel => channel.Name))));
        }

        Terminal.Show(output, table);
        output.WriteLine($"{plan.Job.Name} can run: {plan.Workers.Count} workers, longest topic {LongestTopic(plan)} bytes");
    }

    private static int LongestTopic(JobPlan plan) => plan.Job.Graph.Channels.Max(channel => TopicLength.OnChannel(plan.Job, channel));
}
