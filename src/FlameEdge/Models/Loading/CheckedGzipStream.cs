using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace FlameEdge.Models.Loading;

/// <summary>Unpacks a gzip file and, at its end, compares length and checksum with the trailer.</summary>
/// <remarks>The runtime's stream takes the end of a truncated file for the end of the data; a dataset would be short and nobody would know.</remarks>
internal sealed class CheckedGzipStream : Stream
{
    private const int TrailerBytes = 8;

    private readonly GZipStream _unpacked;
    private readonly byte[] _trailer = new byte[TrailerBytes];
    private readonly Crc32 _checksum = new();
    private uint _length;

    /// <summary>Starts at the front of a seekable file, which stays open.</summary>
    /// <exception cref="InvalidDataException">The file is too short to be a gzip file.</exception>
    public CheckedGzipStream(Stream file)
    {
        if (file.Length < TrailerBytes)
        {
            throw new InvalidDataException("The file is shorter than a gzip trailer.");
        }

        file.Seek(-TrailerBytes, SeekOrigin.End);
        file.ReadExactly(_trailer);
        file.Seek(0, SeekOrigin.Begin);
        _unpacked = new GZipStream(file, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var read = _unpacked.Read(buffer);
        _checksum.Append(buffer[..read]);
        _length += (uint)read; // Modulo 2³², as in the trailer.
        if (read == 0 && !buffer.IsEmpty)
        {
            CheckTrailer();
        }

        return read;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
        }

        base.Dispose(disposing);
    }

    private void CheckTrailer()
    {
        if (_checksum.GetCurrentHashAsUInt32() != BinaryPrimitives.ReadUInt32LittleEndian(_trailer)
            || _length != BinaryPrimitives.ReadUInt32LittleEndian(_trailer.AsSpan(4)))
        {
            throw new InvalidDataException("Length or checksum differ from the trailer.");
        }
    }
}
