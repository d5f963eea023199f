using System.CommandLine;
using FlameEdge.Agent;
using FlameEdge.Agent.Verbs;
using FlameEdge.Cli.Reading;
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
        var arguments = new JobArguments(verb, JobFile.Source, "mermaid", "dot");
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
            // Drawn from below to above, whichever way the pair is written.
            var isDownward = channel.Has(channel.Pair.First, FunctionTags.Distribute);
            var (lower, upper) = isDownward ? (channel.Pair.Second, channel.Pair.First) : channel.Pair;
            foreach (var label in Labels(plan, channel, lower, upper))
            {
                output.WriteLine(isDot
                    ? $"  \"{lower}\" -- \"{upper}\" [label=\"{label}\"];"
                    : $"  role-{lower} ---|\"{label}\"| role-{upper}");
            }
        }

        if (isDot)
        {
            output.WriteLine("}");
        }
    }

    private static IEnumerable<string> Labels(JobPlan plan, ChannelSpec channel, RoleName lower, RoleName upper)
    {
        var groups = channel.Groups
            .Select(group => (Name: group, Lower: plan.Members(channel.Name, group, lower).Count, Upper: plan.Members(channel.Name, group, upper).Count))
            .Where(group => group.Lower > 0)
            .ToList();
        if (groups.Count <= MostGroups)
        {
            return groups.Select(group => lower == upper
                ? $"{channel.Name} / {group.Name}: {group.Lower}"
                : $"{channel.Name} / {group.Name}: {group.Lower} to {group.Upper}");
        }

        var sizes = groups.Select(group => group.Lower).ToList();
        return [$"{channel.Name}: {groups.Count} groups of {sizes.Min()} to {sizes.Max()} {lower}"];
    }

    private static string Workers(int count) => count == 1 ? "1 worker" : $"{count} workers";
}
