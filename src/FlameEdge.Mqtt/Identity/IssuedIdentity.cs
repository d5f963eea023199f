namespace FlameEdge.Mqtt.Identity;

/// <summary>A certificate an authority has issued.</summary>
/// <param name="Name">Whose.</param>
/// <param name="Serial">Its serial number, hexadecimal.</param>
/// <param name="Issued">From when it is valid.</param>
/// <param name="Expires">Until when.</param>
/// <param name="IsServer">True for a broker's.</param>
/// <param name="Hosts">The hosts it carries.</param>
/// <param name="CertificateFile">Where it stands.</param>
/// <param name="KeyFile">Where its key stands; null for a former one, whose key is gone.</param>
public sealed record IssuedIdentity(
    string Name,
    string Serial,
    DateTimeOffset Issued,
    DateTimeOffset Expires,
    bool IsServer,
    IReadOnlyList<string> Hosts,
    string CertificateFile,
    string? KeyFile);
