using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace FlameEdge.Mqtt;

/// <summary>What an agent shows the broker and what it trusts, read from its files anew at every connect.</summary>
internal sealed class Credentials(MqttOptions options, TimeProvider time)
{
    /// <summary>The authorities trusted for the broker's certificate; null for those of the system.</summary>
    /// <exception cref="CredentialsException">The file cannot be read or holds no certificate.</exception>
    public X509Certificate2Collection? Authorities()
    {
        if (options.CaFile is not { } file)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        Reading("authorities", file, () => authorities.ImportFromPemFile(file));
        return authorities.Count > 0
            ? authorities
            : throw new CredentialsException($"the authorities' file {file} holds no certificate; it needs a PEM text that begins with -----BEGIN CERTIFICATE-----");
    }

    /// <summary>This agent's certificate with its key; null where it has none.</summary>
    /// <exception cref="CredentialsException">A file cannot be read, the key belongs to another certificate, or the certificate is not valid now.</exception>
    public X509Certificate2? Certificate()
    {
        if (options is not { CertificateFile: { } file, KeyFile: { } keyFile })
        {
            return null;
        }

        Reading("certificate", file, () => X509CertificateLoader.LoadCertificateFromFile(file).Dispose());
        Reading("key", keyFile, () => File.OpenRead(keyFile).Dispose());
        var certificate = Joined(file, keyFile);
        var (now, from, until) = (time.GetUtcNow().UtcDateTime, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now > until || now < from)
        {
            certificate.Dispose();
            throw new CredentialsException(now > until
                ? $"the certificate {file} expired on {until:u}; have a new one issued and put it in its place"
                : $"the certificate {file} is not valid before {from:u}; check the clock of this device");
        }

        return certificate;
    }

    /// <summary>The first line of the password file; null where there is none.</summary>
    /// <exception cref="CredentialsException">The file cannot be read.</exception>
    public string? Password()
    {
        string? password = null;
        if (options.PasswordFile is { } file)
        {
            Reading("password", file, () => password = File.ReadLines(file).FirstOrDefault() ?? string.Empty);
        }

        return password;
    }

    /// <summary>Throws what a connect with the files as they are now would throw.</summary>
    public void Check()
    {
        _ = Authorities();
        Certificate()?.Dispose();
        _ = Password();
    }

    /// <summary>Changes whenever one of the files does; a file that is missing counts as unchanged in itself.</summary>
    public string Stamp()
    {
        var stamp = new StringBuilder();
        foreach (var file in new[] { options.CaFile, options.CertificateFile, options.KeyFile, options.PasswordFile })
        {
            stamp.Append(file is null ? 0 : File.GetLastWriteTimeUtc(file).Ticks).Append(' ');
        }

        return stamp.ToString();
    }

    private static X509Certificate2 Joined(string file, string keyFile)
    {
        try
        {
            // By way of PKCS#12: TLS on Windows cannot use a key that exists in memory alone.
            using var pem = X509Certificate2.CreateFromPemFile(file, keyFile);
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new CredentialsException($"the key {keyFile} does not belong to the certificate {file}, or is no PEM key; put a certificate and the key it was issued for side by side", exception);
        }
    }

    private static void Reading(string what, string file, Action read)
    {
        try
        {
            read();
        }
        catch (CryptographicException exception)
        {
            throw new CredentialsException($"the {what} file {file} is no PEM file: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"the {what} file {file} cannot be read: {exception.Message}", exception);
        }
    }
}
