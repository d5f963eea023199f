using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Stored streams: DATASET/WORKLOAD-sN.json.gz with DATASET/base-sN.json.gz, over a folder of data files.</summary>
internal sealed class StreamFolder(string streams, string data) : IStreamSource
{
    private readonly Dictionary<(string Dataset, int Seed), StreamRows> rows = [];

    /// <inheritdoc/>
    public IReadOnlyList<string> Datasets => [.. System.IO.Directory.EnumerateDirectories(streams).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Workloads(string dataset) =>
        [.. Files(dataset, "*-s*.json.gz").Select(file => Path.GetFileName(file).Split('-')[0]).Where(name => name != "base").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public IReadOnlyList<SeedStream> Seeds(string dataset, string workload)
    {
        List<SeedStream> seeds = [];
        foreach (var path in Files(dataset, $"{workload}-s*.json.gz").Order(StringComparer.Ordinal))
        {
            var stream = StreamFiles.Workload(path);
            var shared = StreamFiles.Base(Path.Combine(streams, dataset, Path.GetFileName(stream.Base)));
            seeds.Add(new SeedStream(stream.Seed, new StreamData(shared, Rows(shared)), stream));
        }

        return seeds.Count > 0 ? seeds : throw new DatasetException($"{Path.Combine(streams, dataset)} holds no {workload}-s*.json.gz; check the folder of streams");
    }

    private IEnumerable<string> Files(string dataset, string pattern)
    {
        var folder = Path.Combine(streams, dataset);
        return System.IO.Directory.Exists(folder) ? System.IO.Directory.EnumerateFiles(folder, pattern) : throw new DatasetException($"there is no folder {folder}: --streams names a folder that holds one per dataset");
    }

    // Files are read once; what a seed generates belongs to it.
    private StreamRows Rows(StreamBase shared)
    {
        var key = (shared.Dataset, shared.Files.Count == 0 ? shared.Seed : 0);
        if (!this.rows.TryGetValue(key, out var loaded))
        {
            this.rows.Clear();
            this.rows[key] = loaded = StreamRows.Load(data, shared.Dataset, shared.Files, shared.ClassNames, shared.Seed);
        }

        return loaded;
    }
}
