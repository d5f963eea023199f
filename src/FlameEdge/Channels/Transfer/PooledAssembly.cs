using System.Buffers;
using FlameEdge.Files;

namespace FlameEdge.Channels.Transfer;

/// <summary>A body in rented memory, a megabyte at a time and only once bytes come: a false offer of a gigabyte costs nothing.</summary>
internal sealed class PooledAssembly(long bodyBytes) : AssemblyBuffer
{
    // A multiple of every element size, so that no number is cut in two.
    private const int PageBytes = 1024 * 1024;

    private readonly byte[]?[] pages = new byte[checked((int)((bodyBytes + PageBytes - 1) / PageBytes))][];

    public override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var (page, within) = ((int)(offset / PageBytes), (int)(offset % PageBytes));
            var length = Math.Min(bytes.Length, PageBytes - within);
            bytes[..length].CopyTo((pages[page] ??= ArrayPool<byte>.Shared.Rent(LengthOf(page))).AsSpan(within));
            bytes = bytes[length..];
            offset += length;
        }
    }

    public override void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var (page, within) = ((int)(offset / PageBytes), (int)(offset % PageBytes));
            var length = Math.Min(bytes.Length, PageBytes - within);
            pages[page].AsSpan(within, length).CopyTo(bytes);
            bytes = bytes[length..];
            offset += length;
        }
    }

    public override ReadOnlySequence<byte> ToSequence() =>
        BufferSegment.Join([.. pages.Select((page, index) => (ReadOnlyMemory<byte>)page.AsMemory(0, LengthOf(index)))]);

    public override void Dispose()
    {
        for (var index = 0; index < pages.Length; index++)
        {
            if (pages[index] is { } page)
            {
                pages[index] = null;
                ArrayPool<byte>.Shared.Return(page);
            }
        }
    }

    private int LengthOf(int page) => (int)Math.Min(PageBytes, bodyBytes - (long)page * PageBytes);
}
