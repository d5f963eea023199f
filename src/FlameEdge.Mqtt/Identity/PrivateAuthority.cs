using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Mqtt.Identity;

/// <summary>A certificate authority of one's own in a folder: it gives every agent a certificate that carries its name, and the broker one for its hosts.</summary>
/// <remarks>ECDSA on P-256, PEM files, keys readable by their owner alone. <code>
/// ca.pem, ca.key                the authority; only ca.pem is ever given away
/// issued/NAME.pem, NAME.key     the present certificate of NAME and its key
/// issued/former/NAME.SERIAL.pem certificates replaced by a rotation; they stay valid until they expire
/// </code></remarks>
public sealed class PrivateAuthority
{
    /// <summary>The longest life of a certificate; the authority's own.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    // A device whose clock is a little behind must be able to use its certificate at once.
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(5);

    private readonly IdentityFolder folder;
    private readonly TimeProvider time;

    private PrivateAuthority(IdentityFolder folder, TimeProvider time)
    {
        this.folder = folder;
        this.time = time;
    }

    /// <summary>Makes an authority in a folder that has none.</summary>
    /// <exception cref="StateException">There is one already: it is never overwritten, every certificate of the fleet hangs on it. Or the folder cannot be written.</exception>
    public static PrivateAuthority Create(string path, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        var folder = new IdentityFolder(path);
        if (folder.HasAuthority)
        {
            throw new StateException($"{folder.AuthorityCertificate} exists: an authority is never overwritten, every certificate of its fleet hangs on it; choose another folder");
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=FlameEdge private authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - ClockSlack, now + Longest);
        folder.WriteAuthority(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        return new PrivateAuthority(folder, time);
    }

    /// <summary>The authority of a folder.</summary>
    /// <exception cref="StateException">There is none.</exception>
    public static PrivateAuthority Open(string path, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        var folder = new IdentityFolder(path);
        return folder.HasAuthority
            ? new PrivateAuthority(folder, time)
            : throw new StateException($"{path} holds no authority; make one with 'flame-edge identity init --folder {path}'");
    }

    /// <summary>Issues a first certificate for a name.</summary>
    /// <param name="wanted">Whose, what for and how long.</param>
    /// <returns>Where certificate and key stand.</returns>
    /// <exception cref="TopologyException">The name cannot be a topic level, or a host is none.</exception>
    /// <exception cref="StateException">The name has a certificate that is valid: rotate it.</exception>
    public IssuedIdentity Issue(IdentityRequest wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        RequireSafe(wanted.Name);
        if (folder.Find(wanted.Name) is { } present && present.Expires > time.GetUtcNow())
        {
            throw new StateException($"{wanted.Name} has a certificate until {present.Expires.UtcDateTime:u}; replace it with 'flame-edge identity rotate {wanted.Name}'");
        }

        return Write(wanted);
    }

    /// <summary>Gives a name a new key and certificate of the same kind, for the same hosts; the former certificate stays valid until it expires.</summary>
    /// <exception cref="TopologyException">The name cannot be a topic level.</exception>
    /// <exception cref="StateException">The name has no certificate.</exception>
    public IssuedIdentity Rotate(string name, TimeSpan lifetime)
    {
        RequireSafe(name);
        var present = folder.Find(name) ?? throw new StateException($"{name} has no certificate here; give it one with 'flame-edge identity issue {name}'");
        return Write(new IdentityRequest(name) { IsServer = present.IsServer, Hosts = present.Hosts, Lifetime = lifetime });
    }

    /// <summary>Every certificate issued, the former ones too, by name and then the newest first.</summary>
    public IReadOnlyList<IssuedIdentity> List() => [.. folder.All().OrderBy(identity => identity.Name, StringComparer.Ordinal).ThenByDescending(identity => identity.Expires)];

    private static void RequireSafe(string name)
    {
        if (!SafeName.IsSafe(name))
        {
            var nearest = SafeName.From(name) is { } safe ? $"; '{safe}' would fit" : string.Empty;
            throw new TopologyException($"'{name}' cannot be an agent's name: use 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes, and none of {string.Join(", ", SafeName.Reserved)}{nearest}");
        }
    }

    private IssuedIdentity Write(IdentityRequest wanted)
    {
        if (wanted.Lifetime <= TimeSpan.Zero || wanted.Lifetime > Longest)
        {
            throw new TopologyException($"a certificate lives between a moment and {Longest.TotalDays:0} days, not {wanted.Lifetime.TotalDays:0.##} days");
        }

        using var authority = folder.ReadAuthority();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = time.GetUtcNow();

        // Never outside the authority's own life, which the slack may be.
        var (first, last) = (new DateTimeOffset(authority.NotBefore.ToUniversalTime(), TimeSpan.Zero), new DateTimeOffset(authority.NotAfter.ToUniversalTime(), TimeSpan.Zero));
        if (now < first || now >= last)
        {
            throw new StateException($"the authority is valid from {first.UtcDateTime:u} to {last.UtcDateTime:u} and not now: check this machine's clock, or make a new authority in another folder");
        }

        var from = now - ClockSlack < first ? first : now - ClockSlack;
        var until = now + wanted.Lifetime < last ? now + wanted.Lifetime : last;
        using var certificate = wanted.ToRequest(key).Create(authority, from, until, RandomNumberGenerator.GetBytes(16));
        folder.Write(wanted.Name, certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        return folder.Find(wanted.Name)!; // It has just been written.
    }
}
