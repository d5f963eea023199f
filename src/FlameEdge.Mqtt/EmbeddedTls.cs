using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MQTTnet.Server;

namespace FlameEdge.Mqtt;

/// <summary>The embedded broker's TLS listener: it shows a certificate and asks every client for one of the same authority. Where there are passwords, a client may do without.</summary>
internal static class EmbeddedTls
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>Puts a TLS listener in the place of the plain one.</summary>
    /// <exception cref="CredentialsException">A file cannot be used.</exception>
    public static MqttServerOptionsBuilder AddListener(MqttServerOptionsBuilder builder, EmbeddedBrokerOptions options, int port)
    {
        var files = new Credentials(new MqttOptions { CaFile = options.CaFile, CertificateFile = options.CertificateFile, KeyFile = options.KeyFile }, TimeProvider.System);
        var (authorities, certificate) = (files.Authorities(), files.Certificate());
        if (authorities is null || certificate is null)
        {
            throw new CredentialsException("the embedded broker needs a file of authorities, a certificate and its key for TLS: give all three");
        }

        return builder
            .WithoutDefaultEndpoint()
            .WithEncryptedEndpoint()
            .WithEncryptedEndpointBoundIPAddress(options.Address)
            .WithEncryptedEndpointBoundIPV6Address(IPAddress.None)
            .WithEncryptedEndpointPort(port)
            .WithEncryptionCertificate(certificate)
            .WithClientCertificate((_, shown, _, _) => shown is X509Certificate2 client ? IsOf(authorities, client) : shown is null && options.PasswordFile is not null, false);
    }

    private static bool IsOf(X509Certificate2Collection authorities, X509Certificate2 client)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientAuthentication);
        return chain.Build(client);
    }
}
