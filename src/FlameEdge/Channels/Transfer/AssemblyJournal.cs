using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Channels.Transfer;

/// <summary>Which chunks of a body its file holds, in a small file beside it: whoever comes back after a kill asks for the others alone.</summary>
/// <remarks>
/// <code>
///  0 magic "FEAJ"    4 version 1    8 body bytes    16 chunk bytes    20 chunk count    24 XXH128 of the content    40 XXH3 of bytes 0..40
/// 48 for every chunk, in the order of arrival: its index, and the low half of XXH3 of content hash and index
/// </code>
/// A record follows its chunk. It is not flushed: what a power cut tears does not match the content's hash in the end, and is sent anew.
/// </remarks>
internal sealed class AssemblyJournal : IDisposable
{
    private const uint Magic = 0x4A414546; // "FEAJ"
    private const int HeadBytes = 48;
    private const int RecordBytes = 8;

    private readonly SafeFileHandle file;
    private readonly PacketHeader offer;
    private long end = HeadBytes;

    private AssemblyJournal(SafeFileHandle file, PacketHeader offer)
    {
        this.file = file;
        this.offer = offer;
    }

    /// <summary>Opens or begins the journal of an offer. What is torn, or about another content, is thrown away, and <paramref name="here"/> stays empty.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static AssemblyJournal Open(string path, PacketHeader offer, ChunkMap here)
    {
        var journal = new AssemblyJournal(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Delete), offer);
        if (!journal.TryRead(here))
        {
            here.Clear();
            journal.StartOver();
        }

        return journal;
    }

    /// <summary>Notes a chunk that has been written.</summary>
    public void Add(int index)
    {
        Span<byte> record = stackalloc byte[RecordBytes];
        BinaryPrimitives.WriteInt32LittleEndian(record, index);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], MarkOf(index));
        RandomAccess.Write(file, record, end);
        end += RecordBytes;
    }

    /// <summary>Forgets all chunks.</summary>
    public void StartOver()
    {
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Head(), 0);
        end = HeadBytes;
    }

    public void Dispose() => file.Dispose();

    private bool TryRead(ChunkMap here)
    {
        // Every chunk is noted once: a longer file is none of ours, and is not read.
        var length = RandomAccess.GetLength(file);
        if (length < HeadBytes || length > HeadBytes + (long)RecordBytes * offer.ChunkCount || (length - HeadBytes) % RecordBytes != 0)
        {
            return false;
        }

        var bytes = new byte[length];
        if (RandomAccess.Read(file, bytes, 0) != length || !bytes.AsSpan(0, HeadBytes).SequenceEqual(Head()))
        {
            return false;
        }

        for (var at = HeadBytes; at < length; at += RecordBytes)
        {
            var index = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
            if ((uint)index >= (uint)offer.ChunkCount || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4)) != MarkOf(index) || !here.Add(index))
            {
                return false;
            }
        }

        end = length;
        return true;
    }

    private byte[] Head()
    {
        var head = new byte[HeadBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), 1);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), offer.BodyBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(16), offer.ChunkBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(20), offer.ChunkCount);
        BinaryPrimitives.WriteUInt128LittleEndian(head.AsSpan(24), offer.ContentHash);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(40), XxHash3.HashToUInt64(head.AsSpan(0, 40)));
        return head;
    }

    private uint MarkOf(int index)
    {
        Span<byte> bytes = stackalloc byte[20];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, offer.ContentHash);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], index);
        return (uint)XxHash3.HashToUInt64(bytes);
    }
}
