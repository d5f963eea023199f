using System.Text.Json;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Output;

/// <summary>What several verbs say about a plan.</summary>
internal static class PlanJson
{
    /// <summary><c>"countsPerRole": { "trainer": 4 }</c>, roles by name.</summary>
    public static void WriteCounts(Utf8JsonWriter json, JobPlan plan)
    {
        json.WriteStartObject("countsPerRole");
        foreach (var role in ByName(plan))
        {
            json.WriteNumber(role.Name.Value, Expansion.CountOf(role));
        }

        json.WriteEndObject();
    }

    /// <summary>"4 trainer, 1 aggregator", roles by name.</summary>
    public static string CountsText(JobPlan plan) => string.Join(", ", ByName(plan).Select(role => $"{Expansion.CountOf(role)} {role.Name}"));

    private static IEnumerable<RoleSpec> ByName(JobPlan plan) => plan.Job.Graph.Roles.OrderBy(role => role.Name.Value, StringComparer.Ordinal);
}
