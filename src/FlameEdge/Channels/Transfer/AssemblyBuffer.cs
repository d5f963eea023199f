using System.Buffers;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>Where a body is put together. Disposing gives the room back.</summary>
internal abstract class AssemblyBuffer : IDisposable
{
    /// <summary>Puts bytes at their place; chunks come in any order.</summary>
    public abstract void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Reads back what was written.</summary>
    public abstract void Read(long offset, Span<byte> bytes);

    /// <summary>The complete body; valid until this is disposed.</summary>
    public abstract ReadOnlySequence<byte> ToSequence();

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Gives the room back but keeps what is in a file, for a sender that comes back with the same content.</summary>
    public virtual void Suspend() => Dispose();

    /// <summary>The next bytes in order, told once; a buffer whose content will be stored makes its hash of them.</summary>
    public virtual void Follow(ReadOnlySpan<byte> bytes)
    {
    }

    /// <summary>What was followed is void: the body comes once more.</summary>
    public virtual void StartOver()
    {
    }

    /// <summary>A buffer for an offered body: a file where there is a folder, and the body is large for such a receiver; else pooled memory.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static AssemblyBuffer For(ChannelEndpoint end, WorkerId from, PacketHeader offer, ChunkMap here, TransferOptions options) =>
        options.AssemblyFolder is { } folder && offer.BodyBytes > (end.IsLeaf ? options.LeafFileAboveBytes : options.FileAboveBytes) ? new FileAssembly(folder, end, from, offer, here) : new PooledAssembly(offer.BodyBytes);
}
