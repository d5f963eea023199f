using System.Text.Json;
using FlameEdge.Testing;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Cli.Tests;

public class SchemaTests
{
    [Fact]
    public void The_published_schema_has_the_keys_that_the_reader_knows()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "job.schema.json")));
        var elements = schema.RootElement.GetProperty("$defs").EnumerateObject().Where(element => element.Value.TryGetProperty("properties", out _)).ToList();

        Assert.Equal(JobKeys.All.Keys.Order(StringComparer.Ordinal), elements.Select(element => element.Name).Order(StringComparer.Ordinal));
        Assert.All(elements, element => Assert.Equal(
            JobKeys.All[element.Name].Order(StringComparer.Ordinal),
            element.Value.GetProperty("properties").EnumerateObject().Select(key => key.Name).Order(StringComparer.Ordinal)));
    }
}
