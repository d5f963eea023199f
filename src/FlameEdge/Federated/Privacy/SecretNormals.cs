using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FlameEdge.Federated.Privacy;

/// <summary>Standard normals that nobody can draw again: bits from the system's cryptographic generator, made normal by Box and Muller.</summary>
/// <remarks>Noise from a seeded generator could be subtracted by who learns the seed, so this is the one place whose randomness takes none.</remarks>
/// <seealso href="https://doi.org/10.1214/aoms/1177706645">Box and Muller 1958</seealso>
public static class SecretNormals
{
    private const double Unit = 1.0 / (1UL << 53);

    /// <summary>Fills <paramref name="normals"/>.</summary>
    public static void Fill(Span<double> normals)
    {
        Span<byte> bits = stackalloc byte[16];
        for (var i = 0; i < normals.Length; i += 2)
        {
            RandomNumberGenerator.Fill(bits);

            // In (0, 1], so that the logarithm is finite.
            var first = ((BinaryPrimitives.ReadUInt64LittleEndian(bits) >> 11) + 1) * Unit;
            var second = (BinaryPrimitives.ReadUInt64LittleEndian(bits[8..]) >> 11) * Unit;
            var (sine, cosine) = Math.SinCos(2 * Math.PI * second);
            var radius = Math.Sqrt(-2 * Math.Log(first));
            normals[i] = radius * cosine;
            if (i + 1 < normals.Length)
            {
                normals[i + 1] = radius * sine;
            }
        }
    }
}
