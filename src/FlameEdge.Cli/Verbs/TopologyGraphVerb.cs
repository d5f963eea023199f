using System.CommandLine;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Verbs;

/// <summary><c>topology graph</c>: roles and channels as a drawing, with the number of workers on both sides of every group.</summary>
internal static class TopologyGraphVerb
{
    /// <summary>Beyond these a channel is drawn as one line, with a summary of its groups.</summary>
    private const int MostGroups = 8;

    public static Command Create()
    {
        var verb = new Command("graph", "Draw the job's roles and channels.");
        var arguments = new JobArguments(verb, "mermaid", "dot");
        verb.SetAction(parsed =>
        {
            if (arguments.Read(parsed, programs: null) is not { } plan)
            {
                return ExitCode.BadJob;
            }

            Write(parsed.InvocationConfiguration.Output, plan, arguments.Format(parsed) == "dot");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Write(TextWriter output, JobPlan plan, bool isDot)
    {
        // A name may be a keyword of the drawing language, such as 'end'; the prefix keeps it a name.
        output.WriteLine(isDot ? $"graph \"{plan.Job.Name}\" {{" : "flowchart BT");
        foreach (var role in plan.Job.Graph.Roles)
        {
            var count = Expansion.CountOf(role);
            output.WriteLine(isDot
                ? $"  \"{role.Name}\" [shape=box, label=\"{role.Name}\\n{Workers(count)}\"];"
                : $"  role-{role.Name}[\"{role.Name}<br/>{Workers(count)}\"]");
        }

        foreach (var channel in plan.Job.Graph.Channels)
        {
            foreach (var label in Labels(plan, channel))
            {
                output.WriteLine(isDot
                    ? $"  \"{channel.Pair.First}\" -- \"{channel.Pair.Second}\" [label=\"{label}\"];"
                    : $"  role-{channel.Pair.First} ---|\"{label}\"| role-{channel.Pair.Second}");
            }
        }

        if (isDot)
        {
            output.WriteLine("}");
        }
    }

    private static IEnumerable<string> Labels(JobPlan plan, ChannelSpec channel)
    {
        var groups = channel.Groups
            .Select(group => (Name: group, First: plan.Members(channel.Name, group, channel.Pair.First).Count, Second: plan.Members(channel.Name, group, channel.Pair.Second).Count))
            .Where(group => group.First > 0)
            .ToList();
        if (groups.Count <= MostGroups)
        {
            return groups.Select(group => channel.Pair.First == channel.Pair.Second
                ? $"{channel.Name} / {group.Name}: {group.First}"
                : $"{channel.Name} / {group.Name}: {group.First} to {group.Second}");
        }

        var sizes = groups.Select(group => group.First).ToList();
        return [$"{channel.Name}: {groups.Count} groups of {sizes.Min()} to {sizes.Max()} {channel.Pair.First}"];
    }

    private static string Workers(int count) => count == 1 ? "1 worker" : $"{count} workers";
}
