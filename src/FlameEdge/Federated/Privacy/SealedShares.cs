using System.Buffers.Binary;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>Shares on their way through the server: AES-256-GCM under a key of the two members that seals one message only.</summary>
internal static class SealedShares
{
    private const int TagBytes = 16;
    private const int LengthBytes = 4;

    // A mask key's private part is below 200 bytes; what is longer is no share.
    private const int LargestSealed = 4096;

    /// <summary>What the agreed key is for: each direction has its own, so that no key ever seals twice.</summary>
    public static string Purpose(byte from, byte to) => $"shares {from} {to}";

    public static byte[] Seal(MemberShares shares, byte[] key)
    {
        var (seed, secret) = (shares.Seed.Values, shares.Key.Values);
        var plain = new byte[LengthBytes + seed.Length + secret.Length];
        BinaryPrimitives.WriteInt32LittleEndian(plain, seed.Length);
        seed.CopyTo(plain.AsSpan(LengthBytes));
        secret.CopyTo(plain.AsSpan(LengthBytes + seed.Length));
        var content = new byte[plain.Length + TagBytes];
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(stackalloc byte[AesGcm.NonceByteSizes.MaxSize], plain, content.AsSpan(0, plain.Length), content.AsSpan(plain.Length));
        CryptographicOperations.ZeroMemory(plain);
        return content;
    }

    /// <exception cref="PayloadException">The bytes were not sealed with this key.</exception>
    public static MemberShares Open(ReadOnlySpan<byte> content, byte index, byte[] key)
    {
        if (content.Length is < LengthBytes + TagBytes or > LargestSealed)
        {
            throw new PayloadException($"{content.Length} bytes are no sealed shares");
        }

        var plain = new byte[content.Length - TagBytes];
        try
        {
            using var cipher = new AesGcm(key, TagBytes);
            cipher.Decrypt(stackalloc byte[AesGcm.NonceByteSizes.MaxSize], content[..^TagBytes], content[^TagBytes..], plain);
        }
        catch (CryptographicException error)
        {
            throw new PayloadException("shares were sealed by another, or changed on the way", error);
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(plain);
        if (length < 1 || length >= plain.Length - LengthBytes)
        {
            throw new PayloadException($"a share of {length} bytes does not fit what was sealed");
        }

        return new MemberShares(new SecretShare(index, plain[LengthBytes..(LengthBytes + length)]), new SecretShare(index, plain[(LengthBytes + length)..]));
    }
}
