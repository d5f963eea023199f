using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Identity;

/// <summary>Whose certificate, what for and for how long.</summary>
/// <param name="Name">The agent, operator, controller or broker: the certificate's common name, and with mutual TLS its MQTT user.</param>
public sealed record IdentityRequest(string Name)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>True for a broker; false for whoever connects to one.</summary>
    public bool IsServer { get; init; }

    /// <summary>Names and addresses the broker is reached by. A server without any is reached by its own name.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>How long it is valid.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The request an authority signs.</summary>
    internal CertificateRequest ToRequest(ECDsa key)
    {
        var request = new CertificateRequest($"CN={Name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([IsServer ? ServerAuthentication : ClientAuthentication], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var hosts = IsServer && Hosts.Count == 0 ? [Name] : Hosts;
        if (hosts.Count > 0)
        {
            request.CertificateExtensions.Add(Alternatives(hosts));
        }

        return request;
    }

    private static X509Extension Alternatives(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else if (Uri.CheckHostName(host) == UriHostNameType.Dns)
            {
                names.AddDnsName(host);
            }
            else
            {
                throw new TopologyException($"'{host}' is no host: write a name such as broker.plant.local, or an address");
            }
        }

        return names.Build();
    }
}
