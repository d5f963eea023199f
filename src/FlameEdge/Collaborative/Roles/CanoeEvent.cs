using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A step of a site's story, or the directory's, as people and tools read it: docs/protocol.md lists the kinds and what each has.</summary>
public sealed record CanoeEvent
{
    /// <summary><c>drift</c>, <c>request</c>, <c>ranking</c>, <c>sent</c>, <c>received</c>, <c>verdict</c>, <c>recalled</c>, <c>retired</c>, <c>revoked</c>, <c>refused</c>, <c>outOfStep</c>, <c>restored</c>, <c>warm</c>, <c>score</c> or <c>done</c>.</summary>
    public required string Event { get; init; }

    /// <summary>Who says it, by worker.</summary>
    public required string Site { get; init; }

    /// <summary>Batches learned since the warm-up; below 0 within it.</summary>
    public required long Batch { get; init; }

    /// <summary>The request's number at its target.</summary>
    public uint? Request { get; init; }

    /// <summary>The other side, by worker: who is asked, who has sent, who is judged.</summary>
    public string? Peer { get; init; }

    /// <summary>Names of classes.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>True where a whole model is meant.</summary>
    public bool? WholeModel { get; init; }

    /// <summary>Who can help, best first.</summary>
    public IReadOnlyList<Offer>? Helpers { get; init; }

    /// <summary>Bytes of a packet.</summary>
    public int? Bytes { get; init; }

    /// <summary>Hash of a packet, 16 hexadecimal digits.</summary>
    public string? Content { get; init; }

    /// <summary>Hash of the model that knowledge was first cut from, 16 hexadecimal digits: what revoking names.</summary>
    public string? Source { get; init; }

    /// <summary>True where a specialist is in use from now on; false where it is not, or no longer.</summary>
    public bool? Accepted { get; init; }

    /// <summary>Why not.</summary>
    public string? Reason { get; init; }

    /// <summary>How many messages of the peer have been refused so far.</summary>
    public long? Count { get; init; }

    /// <summary>Log-likelihood gained of late, nats.</summary>
    public double? Gain { get; init; }

    /// <summary>Mean recall over the present classes, in [0, 1].</summary>
    public double? Accuracy { get; init; }

    /// <summary>Of a site that predicts a value: mean over the regions of the mean absolute error, in the deviation that the job names.</summary>
    public double? Error { get; init; }

    /// <summary>The event as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, CanoeJson.Default.CanoeEvent);

    /// <summary>Reads an event; null where the bytes are none.</summary>
    public static CanoeEvent? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, CanoeJson.Default.CanoeEvent);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A site that can help.</summary>
/// <param name="Site">By worker.</param>
/// <param name="Score">Its place in the ranking, in [0, 1].</param>
/// <param name="Classes">What it can help with.</param>
public sealed record Offer(string Site, double Score, IReadOnlyList<string> Classes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CanoeEvent))]
internal sealed partial class CanoeJson : JsonSerializerContext;
