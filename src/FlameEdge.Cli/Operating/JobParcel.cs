using System.Text.Json;
using System.Text.Json.Nodes;
using FlameEdge.Agent.Reading;
using FlameEdge.Cli.Output;
using FlameEdge.Control.Content;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Operating;

/// <summary>A job as it is submitted: its text as JSON, and the files it needs by their hashes.</summary>
/// <param name="Text">The job, with paths of parcelled files as they will be called on the devices.</param>
/// <param name="Files">Path in the text to SHA-256.</param>
/// <param name="Content">SHA-256 to the file here.</param>
internal sealed record JobParcel(JsonElement Text, IReadOnlyDictionary<string, string> Files, IReadOnlyDictionary<string, string> Content)
{
    private const long LargestFile = 512L << 20;

    /// <summary>Packs the job: its model's file always, data only where <paramref name="isWithData"/> says so, for data belongs on the devices.</summary>
    /// <exception cref="DatasetException">A file is missing or too large.</exception>
    public static JobParcel Of(JobReading reading, string path, bool isWithData)
    {
        var root = reading.Text ?? throw new TopologyException("a folder of Flame's cannot be submitted as it is; write the job in our own format (docs/job-file.md)");
        using var written = new StringWriter();
        using (var json = new JsonText(written))
        {
            SpecJson.Write(json, root);
        }

        var text = JsonNode.Parse(written.ToString())!.AsObject(); // not null: a job is a mapping
        var folder = Directory.Exists(path) ? Path.GetFullPath(path) : Path.GetDirectoryName(Path.GetFullPath(path))!; // not null: a file has a folder
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var content = new Dictionary<string, string>(StringComparer.Ordinal);
        Pack(text["model"], "path");
        foreach (var dataset in isWithData ? (text["datasets"] as JsonArray)?.OfType<JsonObject>() ?? [] : [])
        {
            Pack(dataset, "path");
            Pack(dataset, "labelsPath");
            for (var at = 0; dataset["paths"] is JsonArray paths && at < paths.Count; at++)
            {
                paths[at] = JsonValue.Create(Packed(paths[at]!.ToString())); // not null: the reader has taken it
            }
        }

        return new(JsonSerializer.SerializeToElement(text, Control.Fleet.FleetJson.Default.JsonObject), files, content);

        void Pack(JsonNode? owner, string key)
        {
            if (owner is JsonObject mapping && mapping[key] is JsonValue named && !named.ToString().Contains("{device}", StringComparison.Ordinal))
            {
                mapping[key] = JsonValue.Create(Packed(named.ToString()));
            }
        }

        string Packed(string file)
        {
            var source = Path.Combine(folder, file);
            if (!File.Exists(source) || new FileInfo(source).Length > LargestFile)
            {
                throw new DatasetException($"{source} {(File.Exists(source) ? $"has more than {LargestFile >> 20} MB" : "does not exist")}; correct the path in the job, or let the devices have it on board");
            }

            var hash = ContentExchange.HashOf(File.ReadAllBytes(source));
            var name = $"files/{hash[..12]}/{Path.GetFileName(source)}";
            (files[name], content[hash]) = (hash, source);
            return name;
        }
    }
}
