using System.Text.Json;
using System.Text.Json.Nodes;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>A job's text as an operator submits it: read and checked, with what agents have on board put in the place of its patterns.</summary>
internal static class JobText
{
    /// <summary>Largest text accepted, in bytes.</summary>
    public const int MaximumBytes = 4 << 20;

    private const string File = "job";

    /// <summary>The job, or null where <paramref name="problems"/> holds the reasons. Programs are not looked for: agents have them.</summary>
    public static JobSpec? Read(JsonElement text, SpecProblems problems)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(text, FleetJson.Default.JsonElement);
        return JsonSpecReader.Read(bytes, File, problems) is { } root ? JobReader.Read(root, "/", [], null, problems) : null;
    }

    /// <summary>The patterns of its <c>onBoard</c> entries.</summary>
    public static IReadOnlyList<string> Patterns(JsonElement text) =>
        [.. (JsonObject.Create(text)?["datasets"] as JsonArray)?.OfType<JsonObject>().Select(entry => entry["onBoard"]?.ToString()).OfType<string>() ?? []];

    /// <summary>The problems of a text, whoever is there: a pattern nobody has data for yet is tried with an example.</summary>
    public static JobSpec? Check(JsonElement text, IReadOnlyList<DatasetOnBoard> onBoard, SpecProblems problems)
    {
        // First as it was written, for what is wrong with the patterns themselves; what only their labels lack is no mistake.
        var labels = Labels(text).ToDictionary(label => label, _ => "any", StringComparer.Ordinal);
        var examples = Patterns(text).Where(pattern => !onBoard.Any(dataset => NamePattern.Matches(pattern, dataset.Name)))
            .Select(pattern => new DatasetOnBoard(pattern.Replace('*', 'x'), null, labels));
        return Patterns(text).FirstOrDefault(pattern => !NamePattern.IsOne(pattern)) is null ? Read(Fill(text, [.. onBoard, .. examples]), problems) : Read(text, problems);
    }

    /// <summary>The same job with every <c>onBoard</c> entry replaced by the datasets it stands for, in the order given. An entry that stands for none is left out.</summary>
    public static JsonElement Fill(JsonElement text, IReadOnlyList<DatasetOnBoard> onBoard)
    {
        if (JsonObject.Create(text) is not { } job || job["datasets"] is not JsonArray datasets)
        {
            return text;
        }

        var made = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var filled = new JsonArray();
        foreach (var entry in datasets)
        {
            if (entry is not JsonObject pattern || pattern["onBoard"] is not JsonValue value)
            {
                filled.Add(entry?.DeepClone());
                continue;
            }

            var found = onBoard.Where(dataset => NamePattern.Matches(value.ToString(), dataset.Name)).ToList();
            made[pattern["name"]?.ToString() ?? ""] = [.. found.Select(dataset => dataset.Name)];
            found.ForEach(dataset => filled.Add((JsonNode)Entry(dataset, pattern["labels"] as JsonObject)));
        }

        if (made.Count == 0)
        {
            return text;
        }

        job["datasets"] = filled;
        foreach (var role in (job["topology"]?["roles"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            if (role["datasets"] is { } named)
            {
                role["datasets"] = named is JsonObject groups
                    ? new JsonObject(groups.Select(group => KeyValuePair.Create(group.Key, (JsonNode?)Named(group.Value, made))))
                    : Named(named, made);
            }
        }

        return JsonSerializer.SerializeToElement(job, FleetJson.Default.JsonObject);
    }

    /// <summary>The top-level keys in which two texts differ, other than what may change while a job runs: its datasets, its rounds, its section <c>fleet</c>.</summary>
    public static IReadOnlyList<string> Differences(JsonElement running, JsonElement wanted)
    {
        var (one, other) = (Fixed(running), Fixed(wanted));
        return [.. one.Select(pair => pair.Key).Union(other.Select(pair => pair.Key), StringComparer.Ordinal)
            .Where(key => !JsonNode.DeepEquals(one[key], other[key]))
            .Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Labels(JsonElement text) => ((JsonObject.Create(text)?["topology"]?["channels"] as JsonArray)?.OfType<JsonObject>() ?? [])
        .Select(channel => (channel["groupBy"] as JsonObject)?["label"]?.ToString()).OfType<string>().Distinct(StringComparer.Ordinal);

    private static JsonObject Fixed(JsonElement text)
    {
        var job = JsonObject.Create(text) ?? [];
        foreach (var key in new[] { "datasets", "rounds", "fleet", "description" })
        {
            job.Remove(key);
        }

        foreach (var role in (job["topology"]?["roles"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            role.Remove("datasets");
            role.Remove("description");
        }

        return job;
    }

    private static JsonObject Entry(DatasetOnBoard dataset, JsonObject? labels)
    {
        // What the job says of them stands above what the devices say.
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (label, value) in dataset.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            all[label] = value;
        }

        foreach (var (label, value) in labels ?? [])
        {
            all[label] = value?.ToString() ?? "";
        }

        var entry = new JsonObject { ["name"] = dataset.Name };
        if (all.Count > 0)
        {
            entry["labels"] = new JsonObject(all.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));
        }

        return entry;
    }

    private static JsonArray Named(JsonNode? names, Dictionary<string, string[]> made) => new([.. (names is JsonArray list ? list.Select(item => item?.ToString() ?? "") : [names?.ToString() ?? ""])
        .SelectMany(name => made.TryGetValue(name, out var all) ? all : [name])
        .Select(name => (JsonNode?)JsonValue.Create(name))]);
}
