using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Diagnostics;
using FlameEdge.Models.Loading;

namespace FlameEdge.Collaborative.Bench;

/// <summary>What all workloads of a seed share: <c>base-sN.json.gz</c>.</summary>
internal sealed record StreamBase(
    string Dataset, int Seed, IReadOnlyList<string> Files, IReadOnlyList<string> ClassNames, StreamRoles Roles, StreamModel Model,
    int Batch, int ReplayPerClass, int ReplayedPerStep, float Momentum, float WeightDecay, IReadOnlyList<float> LearningRateGrid, IReadOnlyList<StreamSite> Sites);

/// <summary>Which classes appear later, which the target knows, and which only others know.</summary>
internal sealed record StreamRoles(IReadOnlyList<int> New, IReadOnlyList<int> Base, IReadOnlyList<int> Extra);

/// <summary>Widths of the network, features first.</summary>
internal sealed record StreamModel(IReadOnlyList<int> Layers);

/// <summary>A site's rows before the change, and its test rows (site 0's where absent).</summary>
internal sealed record StreamSite(int Site, IReadOnlyList<int> Classes, int PretrainBatches, IReadOnlyList<int> Sequence, IReadOnlyList<int>? Test);

/// <summary>What happens after the change: <c>WORKLOAD-sN.json.gz</c>.</summary>
internal sealed record StreamWorkload(string Dataset, string Workload, int Seed, string Base, int Batches, IReadOnlyList<SiteStream> Streams, IReadOnlyDictionary<string, IReadOnlyList<string?>>? Offers);

/// <summary>One site's rows after the change.</summary>
internal sealed record SiteStream(int Site, IReadOnlyList<StreamPhase> Phases, IReadOnlyList<int> Rows);

/// <summary>Classes that come and go at a batch.</summary>
internal sealed record StreamPhase(int Batch, IReadOnlyList<int> Appear, IReadOnlyList<int> Disappear);

/// <summary>Reads and writes stored streams.</summary>
internal static class StreamFiles
{
    /// <summary>The workload of a file.</summary>
    /// <exception cref="DatasetException">The file is missing, broken or no stream.</exception>
    public static StreamWorkload Workload(string path) => Read(path, StreamJson.Default.StreamWorkload);

    /// <summary>The base of a file.</summary>
    /// <exception cref="DatasetException">The file is missing, broken or no base.</exception>
    public static StreamBase Base(string path) => Read(path, StreamJson.Default.StreamBase);

    /// <summary>Writes what a file of a workload says.</summary>
    public static void Write(string path, StreamWorkload workload) => Write(path, workload, StreamJson.Default.StreamWorkload);

    /// <summary>Writes what a file of a base says.</summary>
    public static void Write(string path, StreamBase shared) => Write(path, shared, StreamJson.Default.StreamBase);

    private static void Write<T>(string path, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var file = new GZipStream(File.Create(path), CompressionLevel.Optimal);
        JsonSerializer.Serialize(file, value, type);
    }

    private static T Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) => SourceFile.Read(path, (stream, _) =>
    {
        try
        {
            return JsonSerializer.Deserialize(stream, type) ?? throw SourceFile.Fault(path, "the file says null, not a stream");
        }
        catch (JsonException error)
        {
            throw SourceFile.Fault(path, $"the file is no stored stream ({error.Message})", error);
        }
    });
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(StreamBase))]
[JsonSerializable(typeof(StreamWorkload))]
internal sealed partial class StreamJson : JsonSerializerContext;
