using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlameEdge.Mqtt.Probing;

/// <summary>What a probe measured. Its text is a broker profile with more in it: sessions read what they adapt to and ignore the rest.</summary>
public sealed record BrokerFindings
{
    /// <summary>The version of MQTT spoken: <c>5</c> or <c>3.1.1</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>The broker's limit of a packet as it announces it or as it was found by halving, in bytes; null where it announces none and refused nothing that was tried.</summary>
    public int? MaximumPacketBytes { get; init; }

    /// <summary>The largest packet that was seen to arrive, in bytes, up to 16 MiB and to what the link carries in two seconds.</summary>
    public required int LargestPacketBytes { get; init; }

    /// <summary>Publishes under way at most, as announced; null where the broker says nothing.</summary>
    public int? Window { get; init; }

    /// <summary>True where retained messages come for exact filters and not for wildcards.</summary>
    public bool ExactRetained { get; init; }

    /// <summary>True where fewer subscriptions than <see cref="BrokerProbe.ManySubscriptions"/> work in one session.</summary>
    public bool FewSubscriptions { get; init; }

    /// <summary>Subscriptions that worked, up to those tried.</summary>
    public required int Subscriptions { get; init; }

    /// <summary>The quality of service granted to who subscribes with 2.</summary>
    public required int GrantedQos { get; init; }

    /// <summary>A retained message comes to who asks for its topic.</summary>
    public required bool RetainedByTopic { get; init; }

    /// <summary>A retained message comes to who asks by a wildcard.</summary>
    public required bool RetainedByWildcard { get; init; }

    /// <summary>A retained message comes again to who returns to its session and subscribes anew.</summary>
    public required bool RetainedAfterReconnect { get; init; }

    /// <summary>A retained message is forgotten when the time it was given is over (MQTT 5).</summary>
    public required bool ExpiresMessages { get; init; }

    /// <summary>What was sent while a client with a session was away reaches it when it comes back.</summary>
    public required bool ResumesSessions { get; init; }

    /// <summary>A last will is posted when a connection breaks.</summary>
    public required bool SpeaksWills { get; init; }

    /// <summary>A last will is held back as long as it asks for (MQTT 5).</summary>
    public required bool DelaysWills { get; init; }

    /// <summary>Members of a shared subscription each get a part.</summary>
    public required bool SharesSubscriptions { get; init; }

    /// <summary>There and back for a small message, the median, in milliseconds.</summary>
    public required double RoundTripMilliseconds { get; init; }

    /// <summary>Through the broker to one receiver in packets of 256 KiB, in MB (10^6) a second.</summary>
    public required double MegabytesPerSecond { get; init; }

    /// <summary>As the profile file has it.</summary>
    public string ToJson() => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(this, FindingsJson.Default.BrokerFindings)) + "\n";
}

/// <summary>JSON of findings, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(BrokerFindings))]
internal sealed partial class FindingsJson : JsonSerializerContext;
