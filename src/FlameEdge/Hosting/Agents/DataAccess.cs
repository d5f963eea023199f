using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>What a job may read on a device: files of the data folder, datasets the device declares, and files the job brings along. Nothing else, whatever its text says.</summary>
/// <param name="dataFolder">The data folder; relative paths of the job start there.</param>
/// <param name="facts">The device at present, with its datasets.</param>
/// <param name="brought">Paths of fetched files by the relative path the job has for them.</param>
internal sealed class DataAccess(string dataFolder, Func<AgentFacts> facts, IReadOnlyDictionary<string, string> brought)
{
    private readonly string root = Path.Join(Path.GetFullPath(dataFolder), string.Empty) is var full && Path.EndsInDirectorySeparator(full) ? full : full + Path.DirectorySeparatorChar;

    /// <summary>True for a dataset the job only names and the device has not got.</summary>
    public bool IsAbsent(DatasetSpec dataset) => dataset.Source is null && facts().Datasets.GetValueOrDefault(dataset.Id)?.Source is null && !facts().Collected.Contains(dataset.Id);

    /// <summary>The dataset as it can be read here; without a source where it is collected on board.</summary>
    /// <exception cref="TopologyException">It names a file it may not read; the message names it.</exception>
    /// <exception cref="DatasetException">The job only names it, and it is not on this device.</exception>
    public DatasetSpec Resolve(DatasetSpec dataset)
    {
        if (dataset.Source is null)
        {
            return facts().Datasets.GetValueOrDefault(dataset.Id) is { Source: not null } own ? own with { Standardize = dataset.Standardize.Kind == "none" ? own.Standardize : Pooled(dataset) }
                : facts().Collected.Contains(dataset.Id) ? dataset with { Standardize = Pooled(dataset) }
                : throw new DatasetException($"dataset '{dataset.Id}' is not on this device; declare it under datasets or telemetry in the agent's configuration");
        }

        return dataset with { Source = Resolve(dataset.Source), Standardize = Pooled(dataset) };
    }

    /// <summary>A path of the job as it can be read here.</summary>
    /// <exception cref="TopologyException">It lies outside.</exception>
    public string Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        if (full.StartsWith(root, StringComparison.Ordinal))
        {
            return brought.GetValueOrDefault(full[root.Length..]) ?? full;
        }

        throw new TopologyException($"the job names {path}, which is outside this device's data folder {root}; a job reads that folder, the device's declared datasets and files it brings along");
    }

    private StandardizeSpec Pooled(DatasetSpec dataset) => dataset.Standardize with { Pool = [.. dataset.Standardize.Pool.Select(Resolve)] };

    private SourceSpec Resolve(SourceSpec source) => source with { Paths = [.. source.Paths.Select(Resolve)], LabelsPath = source.LabelsPath is { } labels ? Resolve(labels) : null };
}
