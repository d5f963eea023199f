using System.Security.Cryptography;
using System.Text;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>A key pair with which two clients agree on a secret over a channel that others read: ECDH on P-256, then HKDF with SHA-256.</summary>
/// <remarks>A pair serves one round: whose private part is revealed because it dropped out has nothing left to hide after that.</remarks>
/// <seealso href="https://doi.org/10.1145/3133956.3133982">Bonawitz et al. 2017, section 3: key agreement</seealso>
public sealed class AgreementKey : IDisposable
{
    private readonly ECDiffieHellman pair;

    private AgreementKey(ECDiffieHellman pair) => this.pair = pair;

    /// <summary>The public part, as others need it: a SubjectPublicKeyInfo.</summary>
    public byte[] Public() => this.pair.ExportSubjectPublicKeyInfo();

    /// <summary>The private part, PKCS #8: what is shared out, so that others can undo the masks of a client that drops out.</summary>
    public byte[] Private() => this.pair.ExportPkcs8PrivateKey();

    /// <summary>A new pair.</summary>
    public static AgreementKey Create() => new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>The pair of a recovered private part.</summary>
    /// <exception cref="PayloadException">The bytes are no private key on P-256.</exception>
    public static AgreementKey Recover(ReadOnlySpan<byte> privateKey) => new(Import(privateKey, isPrivate: true));

    /// <summary>32 bytes that only the two sides can compute; another context or purpose gives unrelated ones.</summary>
    /// <param name="otherPublic">The other's <see cref="Public"/>, from the network.</param>
    /// <param name="context">What both know and no other exchange shares: job, run and round.</param>
    /// <param name="purpose">What the bytes are for.</param>
    /// <exception cref="PayloadException">The bytes are no public key on P-256.</exception>
    public byte[] Agree(ReadOnlySpan<byte> otherPublic, string context, string purpose)
    {
        using var other = Import(otherPublic, isPrivate: false);
        using var otherKey = other.PublicKey;
        var secret = this.pair.DeriveRawSecretAgreement(otherKey);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, MaskStream.KeyBytes, Encoding.UTF8.GetBytes(context), Encoding.UTF8.GetBytes(purpose));
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <inheritdoc/>
    public void Dispose() => this.pair.Dispose();

    private static ECDiffieHellman Import(ReadOnlySpan<byte> bytes, bool isPrivate)
    {
        var pair = ECDiffieHellman.Create();
        try
        {
            var read = 0;
            if (isPrivate)
            {
                pair.ImportPkcs8PrivateKey(bytes, out read);
            }
            else
            {
                pair.ImportSubjectPublicKeyInfo(bytes, out read);
            }

            if (read == bytes.Length && pair.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                return pair;
            }
        }
        catch (CryptographicException error)
        {
            pair.Dispose();
            throw new PayloadException($"not a key on P-256: {error.Message}", error);
        }

        pair.Dispose();
        throw new PayloadException("not a key on P-256, or bytes follow it");
    }
}
