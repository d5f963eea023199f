using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt;

/// <summary>What a broker can do, as <c>flame-edge broker probe</c> measured it; sessions adapt to it.</summary>
/// <remarks>Everything not named is as the MQTT standard has it.</remarks>
public sealed record BrokerProfile
{
    // A profile is written by a tool and read whole; more than this is no profile.
    private const int LongestBytes = 64 * 1024;

    /// <summary>The version of MQTT to speak: <c>5</c>, <c>3.1.1</c>, or <c>auto</c> to find out.</summary>
    public string Protocol { get; init; } = "auto";

    /// <summary>The largest packet the broker takes, in bytes; null where it takes what MQTT allows, or says so itself at every connect.</summary>
    public int? MaximumPacketBytes { get; init; }

    /// <summary>Publishes that may be under way without an acknowledgement; null where the broker says so itself.</summary>
    public int? Window { get; init; }

    /// <summary>Packets the broker keeps for one receiver before it drops, silently; null where it was not found to drop any.</summary>
    public int? QueuedPackets { get; init; }

    /// <summary>Bytes the broker keeps for one receiver before it drops, silently; null where it was not found to drop any.</summary>
    public long? QueuedBytes { get; init; }

    /// <summary>True where filters with a wildcard bring no retained messages (RabbitMQ): presence is asked for by exact topics.</summary>
    public bool ExactRetained { get; init; }

    /// <summary>True where a session may hold few subscriptions (NATS): presence is asked for by wildcards.</summary>
    public bool FewSubscriptions { get; init; }

    /// <summary>Reads a profile file.</summary>
    /// <exception cref="StateException">The file cannot be read or is no profile.</exception>
    public static BrokerProfile Read(string file)
    {
        try
        {
            if (new FileInfo(file).Length <= LongestBytes
                && JsonSerializer.Deserialize(File.ReadAllBytes(file), BrokerProfileJson.Default.BrokerProfile) is { } profile
                && profile is { Protocol: "auto" or "5" or "3.1.1", MaximumPacketBytes: null or >= 1024, Window: null or > 0, QueuedPackets: null or > 0, QueuedBytes: null or > 0 })
            {
                return profile;
            }
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the broker profile {file} cannot be read: {exception.Message}; write one with 'flame-edge broker probe URL --out {file}'", exception);
        }

        throw new StateException($"{file} is no broker profile; write one with 'flame-edge broker probe URL --out {file}'");
    }
}

/// <summary>JSON of broker profiles, generated ahead of time. Unknown fields, such as what else a probe measured, are ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, WriteIndented = true)]
[JsonSerializable(typeof(BrokerProfile))]
internal sealed partial class BrokerProfileJson : JsonSerializerContext;
