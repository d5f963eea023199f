using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Identity;

/// <summary>The files of an authority: written whole or not at all, keys for their owner alone.</summary>
internal sealed class IdentityFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The authority's certificate, which everybody may read.</summary>
    public string AuthorityCertificate => Path.Combine(path, "ca.pem");

    /// <summary>True where either file of an authority is there.</summary>
    public bool HasAuthority => File.Exists(AuthorityCertificate) || File.Exists(AuthorityKey);

    private string AuthorityKey => Path.Combine(path, "ca.key");

    private string Issued => Path.Combine(path, "issued");

    private string Former => Path.Combine(Issued, "former");

    public void WriteAuthority(string certificate, string key)
    {
        MakeFolder(path);
        Put(AuthorityKey, key, OwnerOnly, overwrite: false);
        Put(AuthorityCertificate, certificate, Readable, overwrite: false);
    }

    public X509Certificate2 ReadAuthority()
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(AuthorityCertificate, AuthorityKey);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the authority in {path} cannot be used: {exception.Message}; it needs its ca.pem and the ca.key that belongs to it", exception);
        }
    }

    /// <summary>Puts a certificate and its key in the place of the former, whose certificate is set aside.</summary>
    public void Write(string name, string certificate, string key)
    {
        MakeFolder(Issued);
        MakeFolder(Former);
        if (Find(name) is { } present)
        {
            Put(Path.Combine(Former, $"{name}.{present.Serial}.pem"), File.ReadAllText(present.CertificateFile), Readable, overwrite: true);
        }

        Put(Path.Combine(Issued, $"{name}.key"), key, OwnerOnly, overwrite: true);
        Put(Path.Combine(Issued, $"{name}.pem"), certificate, Readable, overwrite: true);
    }

    /// <summary>The present certificate of a name; null where it has none.</summary>
    public IssuedIdentity? Find(string name) => Read(Path.Combine(Issued, $"{name}.pem"), name, Path.Combine(Issued, $"{name}.key"));

    public IEnumerable<IssuedIdentity> All()
    {
        foreach (var file in Files(Issued))
        {
            if (Read(file, Path.GetFileNameWithoutExtension(file), Path.ChangeExtension(file, "key")) is { } present)
            {
                yield return present;
            }
        }

        foreach (var file in Files(Former))
        {
            // A name has no dot, so the first one ends it.
            if (Read(file, Path.GetFileName(file).Split('.')[0], keyFile: null) is { } former)
            {
                yield return former;
            }
        }
    }

    private static IEnumerable<string> Files(string folder) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.pem") : [];

    private static IssuedIdentity? Read(string file, string name, string? keyFile)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
            var hosts = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
            var uses = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>());
            return new IssuedIdentity(
                name,
                certificate.SerialNumber,
                new DateTimeOffset(certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero),
                new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero),
                uses.Any(use => use.Value == ServerAuthentication),
                hosts is null ? [] : [.. hosts.EnumerateDnsNames(), .. hosts.EnumerateIPAddresses().Select(address => address.ToString())],
                file,
                keyFile);
        }
        catch (CryptographicException exception)
        {
            throw new StateException($"{file} is no certificate: {exception.Message}; move it away", exception);
        }
    }

    private static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the folder {folder} cannot be made: {exception.Message}", exception);
        }
    }

    /// <summary>Writes a file whole or not at all, with these rights from its first byte on.</summary>
    internal static void Put(string file, string text, UnixFileMode mode, bool overwrite)
    {
        var passing = $"{file}.{Guid.NewGuid():n}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                // From its first byte: there is no moment in which others could read a key.
                options.UnixCreateMode = mode;
            }

            using (var stream = new FileStream(passing, options))
            {
                stream.Write(System.Text.Encoding.ASCII.GetBytes(text + "\n"));
                stream.Flush(flushToDisk: true);
            }

            File.Move(passing, file, overwrite);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(passing);
            throw new StateException($"{file} cannot be written: {exception.Message}", exception);
        }
    }
}
