using System.Numerics.Tensors;
using FlameEdge.Diagnostics;
using FlameEdge.Models.Loading.Vibration;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>Turns the description of a dataset into its rows: reads or generates the source, cuts the part, standardizes.</summary>
/// <remarks>
/// Thread-safe. One instance serves a process: what its datasets share (parsed files, generated rows, pooled statistics) is made once and
/// kept as long as it fits <paramref name="cacheBytes"/>; a file that changes on disk is read again. A dataset copies its rows, so it holds nothing of the cache.
/// Equal descriptions give equal datasets, bit for bit, in every process.
/// </remarks>
/// <param name="cacheBytes">Memory for shared sources, in bytes; 256 MiB where nothing is said.</param>
public sealed class DatasetLoader(long cacheBytes = DatasetLoader.DefaultCacheBytes)
{
    /// <summary>Memory for shared sources where nothing is said: MNIST needs 52 MiB, nine stations of four hourly years 33 MiB.</summary>
    public const long DefaultCacheBytes = 256L << 20;

    private static readonly string[] Formats = ["csv", "idx", "vibration"];

    private static readonly string[] StandardizeKinds = ["none", "local", "pooled", "given"];

    private readonly SharedCache _cache = new(cacheBytes);

    /// <summary>Loads a dataset. Features: [rows, features], scaled and standardized in double, then rounded once to float.</summary>
    /// <exception cref="DatasetException">The source is missing, broken or not what the description says; the message names the place and the remedy.</exception>
    public Dataset Load(DatasetSpec dataset)
    {
        var source = dataset.Source ?? throw Fault(dataset, "it is only named; give it a source");
        return Cut(dataset, Open(source, dataset.Part?.Column));
    }

    /// <summary>The same of rows that are in memory already, whatever the description says of a source.</summary>
    /// <exception cref="DatasetException">The description asks of the rows what they cannot be.</exception>
    public Dataset Load(DatasetSpec dataset, Dataset held) => Cut(dataset, HeldRows.Of(held));

    private Dataset Cut(DatasetSpec dataset, RowTable table)
    {
        var rows = dataset.Part is null ? [.. Enumerable.Range(0, table.Count)] : Partition.RowsOf(dataset.Part, table);
        var statistics = StatisticsOf(dataset, table, rows);
        var features = Features(dataset, table, rows, statistics);
        return new Dataset(dataset.Id.Value, table.SampleShape, table.ClassCount, features, Array.ConvertAll(rows, row => table.Labels[row]))
        {
            Measured = table.Measured is { } measured ? measured with { Values = Array.ConvertAll(rows, row => measured.Values.Span[row]) } : null,
        };
    }

    private RowTable Open(SourceSpec source, string? partColumn)
    {
        if (!double.IsFinite(source.Scale))
        {
            throw new DatasetException($"a scale of {source.Scale} cannot be; give a finite number");
        }

        return source.Format switch
        {
            "csv" => CsvRows.Open(source, partColumn, ReadCsv),
            "idx" => IdxRows.Open(source, ReadIdx),
            "vibration" => VibrationRows.Open(source, GenerateSite),
            _ => throw new DatasetException($"there is no source format '{FaultText.Short(source.Format)}'{FaultText.Hint(source.Format, Formats)}"),
        };
    }

    private CsvTable ReadCsv(string path, CsvColumns columns) =>
        _cache.Get($"csv {columns.Key} {SourceFile.Stamp(path)}", () => CsvTable.Read(path, columns), table => table.Bytes);

    private IdxFile ReadIdx(string path) =>
        _cache.Get($"idx {SourceFile.Stamp(path)}", () => IdxFile.Read(path), file => file.Bytes.Length);

    // By site, whoever asks: the pooled rows and a site's own share one making.
    private VibrationSample[] GenerateSite(VibrationSettings settings, int site) =>
        _cache.Get(
            $"vibration {settings with { Site = site, Sites = 0 }}",
            () => VibrationGenerator.OfSite(settings, site),
            samples => samples.Length * 8L * (VibrationFeatures.Count + 4));

    private FeatureStatistics? StatisticsOf(DatasetSpec dataset, RowTable table, int[] rows)
    {
        var standardize = dataset.Standardize;
        return standardize.Kind switch
        {
            "none" => null,
            "local" => FeatureStatistics.Of([(table, rows)]),
            "pooled" => Pooled(dataset, table),
            "given" => Given(dataset, table),
            _ => throw Fault(dataset, $"there is no standardization '{FaultText.Short(standardize.Kind)}'{FaultText.Hint(standardize.Kind, StandardizeKinds)}"),
        };
    }

    private FeatureStatistics Pooled(DatasetSpec dataset, RowTable table)
    {
        var pool = dataset.Standardize.Pool;
        if (pool.Count == 0)
        {
            throw Fault(dataset, "it is standardized with pooled statistics, but the pool names no source");
        }

        // A column that names the device is no feature of the pool either; sources with named features need not have it.
        var partColumn = pool.Any(source => source.Features.Count == 0) ? dataset.Part?.Column : null;
        var key = $"pooled {partColumn} {string.Concat(pool.Select(SourceKey.Of))}";
        var statistics = _cache.Get(key, () => Pool(pool, partColumn), statistics => 16L * statistics.Mean.Length);
        return statistics.Mean.Length == table.FeatureCount
            ? statistics
            : throw Fault(dataset, $"it has {table.FeatureCount} features, the pool has {statistics.Mean.Length}; name the same features in both");
    }

    private FeatureStatistics Pool(IReadOnlyList<SourceSpec> pool, string? partColumn)
    {
        var tables = pool.Select(source => Open(source, partColumn)).ToList();
        return tables.Find(other => other.FeatureCount != tables[0].FeatureCount) is { } odd
            ? throw SourceFile.Fault(odd.Name, $"it has {odd.FeatureCount} features, {tables[0].Name} of the same pool has {tables[0].FeatureCount}; name the features")
            : FeatureStatistics.Of([.. tables.Select(table => (table, Enumerable.Range(0, table.Count).ToArray()))]);
    }

    private static FeatureStatistics Given(DatasetSpec dataset, RowTable table)
    {
        var (mean, deviation) = (dataset.Standardize.Mean, dataset.Standardize.Deviation);
        if (mean.Count != table.FeatureCount || deviation.Count != table.FeatureCount)
        {
            throw Fault(dataset, $"it has {table.FeatureCount} features, but {mean.Count} means and {deviation.Count} deviations are given");
        }

        return mean.All(double.IsFinite) && deviation.All(value => double.IsFinite(value) && value >= 0)
            ? new FeatureStatistics([.. mean], [.. deviation.Select(FeatureStatistics.Positive)])
            : throw Fault(dataset, "the given means and deviations must be finite, and no deviation below 0");
    }

    private static float[] Features(DatasetSpec dataset, RowTable table, int[] rows, FeatureStatistics? statistics)
    {
        var count = table.FeatureCount;
        if ((long)rows.Length * count > Array.MaxLength)
        {
            throw Fault(dataset, $"{rows.Length} rows of {count} features are too many for one dataset; choose fewer rows or more parts");
        }

        var features = new float[rows.Length * count];
        var buffer = new double[count];
        for (var i = 0; i < rows.Length; i++)
        {
            table.Read(rows[i], buffer);
            statistics?.Standardize(buffer);
            var destination = features.AsSpan(i * count, count);
            TensorPrimitives.ConvertTruncating<double, float>(buffer, destination);
            if (!TensorPrimitives.IsFiniteAll<float>(destination))
            {
                throw NotFinite(table, rows[i], destination);
            }
        }

        return features;
    }

    private static DatasetException NotFinite(RowTable table, int row, ReadOnlySpan<float> features)
    {
        var feature = 0;
        while (float.IsFinite(features[feature]))
        {
            feature++;
        }

        return SourceFile.Fault(table.Place(row), float.IsNaN(features[feature])
            ? $"{table.FeatureName(feature)} is empty; name it under 'require' to drop such rows, or standardize, which makes a missing value the mean"
            : $"{table.FeatureName(feature)} does not fit a float; scale it or correct the file");
    }

    private static DatasetException Fault(DatasetSpec dataset, string message) => new($"dataset '{dataset.Id}': {message}");
}
