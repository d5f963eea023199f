using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FlameEdge.Mqtt;

/// <summary>Judges the certificate a broker shows. There is no way around it: whoever wants no verification wants no TLS.</summary>
internal sealed class BrokerTrust(X509Certificate2Collection? authorities, MqttOptions options, TimeProvider time)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>Why the certificate was refused; null while it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>True once the broker's certificate was found good.</summary>
    public bool HasAccepted { get; private set; }

    /// <summary>True where the broker is who it should be.</summary>
    public bool Accepts(X509Certificate? shown, X509Chain? presented, SslPolicyErrors errors)
    {
        Refusal = Fault(shown as X509Certificate2, presented, errors);
        HasAccepted = Refusal is null;
        return HasAccepted;
    }

    private string? Fault(X509Certificate2? certificate, X509Chain? presented, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }

        var chainFault = authorities is null
            ? (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) && presented is not null ? Fault(certificate, presented.ChainStatus) : null)
            : OwnChainFault(certificate, presented);
        return chainFault
            ?? (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                ? $"its certificate ({certificate.Subject}) is not for the host {options.Host}: use a name it carries, or have one issued with this name"
                : null);
    }

    private string? OwnChainFault(X509Certificate2 certificate, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities!); // Only called with authorities of our own.
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        // A private authority publishes no list; its certificates are short-lived instead.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(ServerAuthentication);
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate) ? null : Fault(certificate, chain.ChainStatus);
    }

    private string Fault(X509Certificate2 certificate, X509ChainStatus[] found)
    {
        var all = found.Aggregate(X509ChainStatusFlags.NoError, (flags, status) => flags | status.Status);
        const X509ChainStatusFlags Untrusted = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid;
        if ((all & Untrusted) != X509ChainStatusFlags.NoError)
        {
            return options.CaFile is { } file
                ? $"its certificate ({certificate.Subject}) is not signed by an authority in {file}: take the file of the authority that issued it"
                : $"its certificate ({certificate.Subject}) is not signed by an authority this system trusts: name the file of its authority";
        }

        return all.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? $"its certificate is valid from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u} and not now: have a new one issued, or check the clock of this device"
            : $"its certificate ({certificate.Subject}) cannot be used for a server ({all}): have one issued for a server";
    }
}
