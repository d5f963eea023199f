using System.Text.Json.Serialization;

namespace FlameEdge.Channels.Presence;

/// <summary>Where an agent takes connections of its peers.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Fingerprint">SHA-256 of the certificate it shows, in hexadecimal digits; null where that is issued to its name by the fleet's authority.</param>
public sealed record PeerAddress(string Host, int Port, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Fingerprint = null)
{
    private const int LongestHost = 255;
    private const int FingerprintDigits = 64;

    /// <summary>True where it can be one; a note comes from outside.</summary>
    [JsonIgnore]
    public bool IsUsable => Host is { Length: > 0 and <= LongestHost } && Port is > 0 and <= ushort.MaxValue && Fingerprint is null or { Length: FingerprintDigits };
}
