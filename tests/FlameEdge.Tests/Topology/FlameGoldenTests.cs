using System.Text.Json;
using FlameEdge.Testing;
using FlameEdge.Topology;
using FlameEdge.Topology.Flame;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

/// <summary>Every case of Flame's format in the reference folder expands to what Flame's own builder makes of it.</summary>
public class FlameGoldenTests
{
    [Fact]
    [Trait("Category", "Golden")]
    public void Expands_every_case_as_Flame_does()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var cases = Directory.GetDirectories(SharedData.Path("tags")).Where(folder => File.Exists(Path.Combine(folder, "EXPECTED.json"))).ToList();
        Assert.NotEmpty(cases);

        Assert.All(cases, Check);
    }

    private static void Check(string folder)
    {
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "EXPECTED.json")));
        var flame = expected.RootElement.GetProperty("flame");
        var found = new SpecProblems();

        var job = FlameFolder.Read(folder, [], programs: null, found);

        if (flame.GetProperty("error").ValueKind != JsonValueKind.Null)
        {
            Assert.Null(job);
            Assert.NotEmpty(found.All);
            return;
        }

        Assert.True(job is not null, string.Join('\n', found.All));
        var workers = Expansion.Expand(job).Workers;
        Assert.Equal(flame.GetProperty("totalWorkers").GetInt32(), workers.Count);
        Assert.Equal(
            flame.GetProperty("countsPerRole").EnumerateObject().ToDictionary(role => role.Name, role => role.Value.GetInt32(), StringComparer.Ordinal),
            workers.GroupBy(worker => worker.Role.Value, StringComparer.Ordinal).ToDictionary(role => role.Key, role => role.Count(), StringComparer.Ordinal));
        Assert.Equal(
            flame.GetProperty("workers").EnumerateArray().Select(Line),
            workers.Select(worker => Line(worker.Role.Value, worker.Dataset?.Value, worker.Groups.Select(group => (group.Key.Value, group.Value.Value)))));
    }

    private static string Line(JsonElement worker) => Line(
        worker.GetProperty("role").GetString()!,
        worker.GetProperty("dataset").GetString(),
        worker.GetProperty("effectiveGroups").EnumerateObject().Select(group => (group.Name, group.Value.GetString()!)));

    private static string Line(string role, string? dataset, IEnumerable<(string Channel, string Group)> groups) =>
        $"{role} {dataset ?? "-"} {string.Join(' ', groups.OrderBy(group => group.Channel, StringComparer.Ordinal).Select(group => $"{group.Channel}={group.Group}"))}";
}
