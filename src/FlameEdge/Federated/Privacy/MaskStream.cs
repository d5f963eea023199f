using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FlameEdge.Federated.Privacy;

/// <summary>A mask from a key: the key stream of AES-256 in counter mode, eight bytes a number, the same wherever it is computed.</summary>
/// <seealso href="https://doi.org/10.6028/NIST.SP.800-38A">NIST SP 800-38A, section 6.5</seealso>
public static class MaskStream
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    private const int BlockBytes = 16;
    private const int BlocksPerPass = 256;

    /// <summary>Writes the mask; take the numbers mod the ring's modulus. A key makes one mask: use another key for another round.</summary>
    /// <exception cref="ArgumentException">The key is not 32 bytes.</exception>
    public static void Fill(ReadOnlySpan<byte> key, Span<ulong> mask)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes, nameof(key));
        using var aes = Aes.Create();
        aes.SetKey(key);
        Span<byte> counters = stackalloc byte[BlockBytes * BlocksPerPass];
        counters.Clear();
        Span<byte> stream = stackalloc byte[BlockBytes * BlocksPerPass];
        var bytes = MemoryMarshal.AsBytes(mask);
        var block = 0L;
        while (!bytes.IsEmpty)
        {
            for (var i = 0; i < BlocksPerPass; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(counters[((i * BlockBytes) + 8)..], block++);
            }

            // ECB of distinct counters is counter mode; the platform offers no other name for it.
            aes.EncryptEcb(counters, stream, PaddingMode.None);
            var taken = Math.Min(stream.Length, bytes.Length);
            stream[..taken].CopyTo(bytes);
            bytes = bytes[taken..];
        }

        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(mask, mask);
        }
    }
}
