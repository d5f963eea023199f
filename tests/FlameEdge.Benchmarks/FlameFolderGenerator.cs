using System.Text.Json;

namespace FlameEdge.Benchmarks;

/// <summary>Writes a three-tier Flame folder of any size: datasets dealt evenly to the groups, with the metadata Flame's own examples carry.</summary>
public static class FlameFolderGenerator
{
    /// <summary>Fills <paramref name="folder"/>.</summary>
    public static void Write(string folder, int datasets, int groups)
    {
        WriteFile(folder, "job.json", json =>
        {
            json.WriteStartObject();
            json.WriteString("name", "large");
            json.WriteString("designId", "large");
            json.WriteString("backend", "mqtt");
            json.WriteString("dataSpecPath", "dataSpec.json");
            json.WriteEndObject();
        });
        WriteFile(folder, "schema.json", json => WriteSchema(json, groups));
        WriteFile(folder, "dataSpec.json", json => WriteDataSpec(json, datasets, groups));
        WriteFile(folder, "datasets.json", json => WriteDatasets(json, datasets));
    }

    private static void WriteSchema(Utf8JsonWriter json, int groups)
    {
        json.WriteStartObject();
        json.WriteString("name", "large");
        json.WriteStartArray("roles");
        WriteRole(json, "trainer", isDataConsumer: true, groups, ["param"]);
        WriteRole(json, "middle-aggregator", isDataConsumer: false, groups, ["param", "global"]);
        WriteRole(json, "top-aggregator", isDataConsumer: false, 1, ["global"]);
        json.WriteEndArray();
        json.WriteStartArray("channels");
        WriteChannel(json, "param", "trainer", "middle-aggregator", Enumerable.Range(0, groups).Select(Group));
        WriteChannel(json, "global", "middle-aggregator", "top-aggregator", ["default"]);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRole(Utf8JsonWriter json, string name, bool isDataConsumer, int associations, string[] channels)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteBoolean("isDataConsumer", isDataConsumer);
        json.WriteStartArray("groupAssociation");
        for (var at = 0; at < associations; at++)
        {
            json.WriteStartObject();
            foreach (var channel in channels)
            {
                json.WriteString(channel, channel == "param" ? Group(at) : "default");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteChannel(Utf8JsonWriter json, string name, string lower, string upper, IEnumerable<string> groups)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        WriteTexts(json, "pair", [lower, upper]);
        json.WriteStartObject("groupBy");
        json.WriteString("type", "tag");
        WriteTexts(json, "value", groups);
        json.WriteEndObject();
        json.WriteStartObject("funcTags");
        WriteTexts(json, lower, ["fetch", "upload"]);
        WriteTexts(json, upper, ["distribute", "aggregate"]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteDataSpec(Utf8JsonWriter json, int datasets, int groups)
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("role", "trainer");
        json.WriteStartObject("datasetGroups");
        for (var group = 0; group < groups; group++)
        {
            var first = group;
            WriteTexts(json, Group(group), Enumerable.Range(0, (datasets - first + groups - 1) / groups).Select(at => Dataset(first + (at * groups))));
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteDatasets(Utf8JsonWriter json, int datasets)
    {
        json.WriteStartObject();
        for (var at = 0; at < datasets; at++)
        {
            json.WriteStartObject(Dataset(at));
            json.WriteString("name", "MNIST dataset");
            json.WriteString("url", "https://example.org/mnist.npz");
            json.WriteString("dataFormat", "npy");
            json.WriteString("realm", "default/eu/germany");
            json.WriteBoolean("isPublic", true);
            json.WriteString("id", Dataset(at));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteFile(string folder, string name, Action<Utf8JsonWriter> write)
    {
        using var stream = File.Create(Path.Combine(folder, name));
        using var json = new Utf8JsonWriter(stream);
        write(json);
    }

    private static string Group(int at) => $"group-{at}";

    private static string Dataset(int at) => $"624b4417dad565fc{at:x8}";
}
