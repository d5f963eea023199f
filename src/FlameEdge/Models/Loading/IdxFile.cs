using System.Buffers.Binary;
using FlameEdge.Diagnostics;

namespace FlameEdge.Models.Loading;

/// <summary>An IDX file of unsigned bytes: big-endian magic (type and number of dimensions), the dimensions, then the raw bytes.</summary>
/// <param name="Dimensions">Rows first.</param>
/// <param name="Bytes">Row-major.</param>
/// <seealso href="http://yann.lecun.com/exdb/mnist/">LeCun, Cortes, Burges: the MNIST database, file formats</seealso>
internal sealed record IdxFile(IReadOnlyList<int> Dimensions, byte[] Bytes)
{
    /// <summary>Most data bytes of one file.</summary>
    private const long MaxBytes = 1L << 30;

    private const byte UnsignedByte = 0x08;

    /// <summary>Reads a file; what its header claims is compared with what the file can hold before anything is allocated.</summary>
    /// <exception cref="DatasetException">The file is missing, truncated, too long, or no IDX file of bytes.</exception>
    public static IdxFile Read(string path) => SourceFile.Read(path, (stream, capacity) =>
    {
        var dimensions = ReadHeader(stream, path);
        var length = Length(path, dimensions);
        var header = 4 + (4 * dimensions.Length);
        if (length > capacity - header)
        {
            throw SourceFile.Fault(path, $"the header claims {Claim(dimensions)} bytes, more than the file can hold; it is truncated or not an IDX file");
        }

        var bytes = new byte[length];
        var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length)
        {
            throw SourceFile.Fault(path, $"the file is truncated: {read} of {Claim(dimensions)} bytes are there; fetch it again");
        }

        return stream.ReadByte() < 0
            ? new IdxFile(dimensions, bytes)
            : throw SourceFile.Fault(path, $"the file goes on after the {Claim(dimensions)} bytes its header claims; fetch it again");
    });

    private static int[] ReadHeader(Stream stream, string path)
    {
        Span<byte> magic = stackalloc byte[4];
        if (stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4 || magic[0] != 0 || magic[1] != 0 || magic[2] != UnsignedByte || magic[3] is 0 or > 4)
        {
            throw SourceFile.Fault(path, $"the file starts with {Convert.ToHexString(magic)}, but an IDX file of bytes starts with 000008 and 1 to 4 dimensions (images 00000803, labels 00000801)");
        }

        Span<byte> sizes = stackalloc byte[4 * magic[3]];
        if (stream.ReadAtLeast(sizes, sizes.Length, throwOnEndOfStream: false) < sizes.Length)
        {
            throw SourceFile.Fault(path, "the file is truncated within its header; fetch it again");
        }

        var dimensions = new int[magic[3]];
        for (var i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = BinaryPrimitives.ReadInt32BigEndian(sizes[(4 * i)..]);
        }

        return dimensions;
    }

    private static int Length(string path, int[] dimensions)
    {
        var length = 1L;
        foreach (var dimension in dimensions)
        {
            if (dimension < 1 || (length *= dimension) > MaxBytes)
            {
                throw SourceFile.Fault(path, $"the header claims {Claim(dimensions)} bytes; each dimension must be at least 1 and all together at most {MaxBytes}");
            }
        }

        return (int)length;
    }

    private static string Claim(IEnumerable<int> dimensions) => string.Join(" x ", dimensions);
}
