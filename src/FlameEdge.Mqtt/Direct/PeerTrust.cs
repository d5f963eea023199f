using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Direct;

/// <summary>What an agent shows its peers, and whom it believes.</summary>
/// <remarks>With an identity of the fleet (a certificate and the file of its authority): the same, and a peer's certificate must come from that authority and bear the
/// peer's name. Without: a certificate of this process alone, whose fingerprint stands in the agent's presence; then a peer is who the broker says.</remarks>
internal sealed class PeerTrust : IDisposable
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private readonly Credentials credentials;
    private readonly TimeProvider time;
    private readonly X509Certificate2? own;

    public PeerTrust(MqttOptions options, AgentId agent, TimeProvider time)
    {
        this.time = time;
        credentials = new Credentials(options, time);
        own = options is { CertificateFile: not null, CaFile: not null } ? null : SelfSigned(agent, time);
        Fingerprint = own is null ? null : FingerprintOf(own);
    }

    /// <summary>What is announced of the certificate; null where the authority vouches for it.</summary>
    public string? Fingerprint { get; }

    /// <summary>The certificate to show, read anew for every connection.</summary>
    /// <exception cref="CredentialsException">A file cannot be read, or the certificate is not valid now.</exception>
    public SslStreamCertificateContext Certificate() =>
        SslStreamCertificateContext.Create(own ?? credentials.Certificate()!, additionalCertificates: null, offline: true); // One of the two is there.

    /// <summary>How the library is to look at a certificate before <see cref="Fault"/> does: without fetching anything a stranger's certificate points to.</summary>
    public static X509ChainPolicy Offline() => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true, TrustMode = X509ChainTrustMode.CustomRootTrust };

    /// <summary>True where it may belong to an agent of this fleet; which one, its greeting has yet to say.</summary>
    public bool MayBeOfFleet(X509Certificate2? shown) => shown is not null && (own is not null || IsIssued(shown));

    /// <summary>Why a certificate is not the agent's; null where it is.</summary>
    /// <param name="shown">The certificate.</param>
    /// <param name="agent">Whose it should be.</param>
    /// <param name="announced">The fingerprint in the agent's presence; null where there is none.</param>
    public string? Fault(X509Certificate2? shown, AgentId agent, string? announced)
    {
        if (shown is null)
        {
            return "it shows no certificate";
        }

        if (own is not null)
        {
            return announced is null
                ? "it shows a certificate of an authority, and this agent has no file of authorities to judge it by: give it broker.caFile, certificateFile and keyFile"
                : announced.Equals(FingerprintOf(shown), StringComparison.OrdinalIgnoreCase) ? null : "its certificate is not the one its presence announces";
        }

        if (!IsIssued(shown))
        {
            return $"its certificate ({shown.Subject}) is not issued by this fleet's authority, or not valid now: issue one with 'flame-edge identity'";
        }

        return shown.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == agent.Value ? null : $"its certificate ({shown.Subject}) is another agent's";
    }

    public void Dispose() => own?.Dispose();

    private bool IsIssued(X509Certificate2 shown)
    {
        using var chain = new X509Chain { ChainPolicy = Offline() };
        chain.ChainPolicy.CustomTrustStore.AddRange(credentials.Authorities()!); // Asked only where there is a file of them.
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(shown);
    }

    private static X509Certificate2 SelfSigned(AgentId agent, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = time.GetUtcNow();
        using var made = new CertificateRequest($"CN={agent.Value}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now - Lifetime, now + Lifetime);

        // By way of PKCS#12: TLS on Windows cannot use a key that exists in memory alone.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    private static string FingerprintOf(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);
}
