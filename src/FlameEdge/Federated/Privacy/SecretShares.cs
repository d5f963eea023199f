using System.Security.Cryptography;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>One share of a secret.</summary>
/// <param name="Index">Whose, in 1..255.</param>
/// <param name="Values">As many bytes as the secret has.</param>
public sealed record SecretShare(byte Index, byte[] Values);

/// <summary>Shamir's sharing: any t shares give the secret, fewer tell nothing of it. Byte by byte, a polynomial of degree t − 1 over the field of 256 elements.</summary>
/// <seealso href="https://doi.org/10.1145/359168.359176">Shamir 1979</seealso>
public static class SecretShares
{
    /// <summary>Cuts a secret into shares with indices 1..count.</summary>
    /// <param name="secret">Not empty.</param>
    /// <param name="threshold">t, in 1..count.</param>
    /// <param name="count">At most 255: the field has no more points.</param>
    public static IReadOnlyList<SecretShare> Split(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        ArgumentOutOfRangeException.ThrowIfZero(secret.Length, nameof(secret));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threshold);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, byte.MaxValue);
        var coefficients = new byte[threshold];
        var shares = new SecretShare[count];
        for (var i = 0; i < count; i++)
        {
            shares[i] = new SecretShare((byte)(i + 1), new byte[secret.Length]);
        }

        for (var position = 0; position < secret.Length; position++)
        {
            RandomNumberGenerator.Fill(coefficients);
            coefficients[0] = secret[position];
            foreach (var share in shares)
            {
                share.Values[position] = At(share.Index, coefficients);
            }
        }

        CryptographicOperations.ZeroMemory(coefficients);
        return shares;
    }

    /// <summary>The secret of <paramref name="threshold"/> or more shares. Shares of another secret, or altered ones, give other bytes: check what comes out.</summary>
    /// <exception cref="PayloadException">There are too few, an index is 0 or occurs twice, or lengths differ.</exception>
    public static byte[] Combine(IReadOnlyList<SecretShare> shares, int threshold)
    {
        if (shares.Count < threshold || threshold < 1)
        {
            throw new PayloadException($"{shares.Count} shares where {threshold} are needed");
        }

        SecretShare[] used = [.. shares.Take(threshold)];
        if (used.Any(share => share.Index == 0 || share.Values.Length != used[0].Values.Length) || used.DistinctBy(share => share.Index).Count() < used.Length)
        {
            throw new PayloadException("shares have an index of 0, the same index twice, or unequal lengths");
        }

        // Lagrange at 0: Π xⱼ / (xⱼ − xᵢ), where minus is exclusive or.
        var secret = new byte[used[0].Values.Length];
        foreach (var own in used)
        {
            byte weight = 1;
            foreach (var other in used.Where(other => other.Index != own.Index))
            {
                weight = Multiply(weight, Multiply(other.Index, Inverse((byte)(other.Index ^ own.Index))));
            }

            for (var i = 0; i < secret.Length; i++)
            {
                secret[i] ^= Multiply(weight, own.Values[i]);
            }
        }

        return secret;
    }

    private static byte At(byte x, ReadOnlySpan<byte> coefficients)
    {
        byte value = 0;
        for (var i = coefficients.Length - 1; i >= 0; i--)
        {
            value = (byte)(Multiply(value, x) ^ coefficients[i]);
        }

        return value;
    }

    // Modulo x⁸ + x⁴ + x³ + x + 1, without tables or branches on the data: secrets must not show in timing.
    private static byte Multiply(byte a, byte b)
    {
        int left = a, product = 0;
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= left & -((b >> bit) & 1);
            left = (left << 1) ^ (0x11B & -((left >> 7) & 1));
        }

        return (byte)product;
    }

    // a^254 = 1/a.
    private static byte Inverse(byte a)
    {
        byte result = 1;
        for (var bit = 0; bit < 8; bit++)
        {
            result = Multiply(result, result);
            result = ((254 >> (7 - bit)) & 1) == 1 ? Multiply(result, a) : result;
        }

        return result;
    }
}
