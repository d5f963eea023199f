using System.Buffers;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Channels.Transfer;

/// <summary>A file read as memory, in parts of a gigabyte because memory counts in 32 bits.</summary>
internal sealed class MappedBody : IDisposable
{
    private const int PartBytes = 1024 * 1024 * 1024;

    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly List<Part> parts = [];

    public MappedBody(SafeFileHandle file, long length)
    {
        map = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        for (var offset = 0L; offset < length; offset += PartBytes)
        {
            parts.Add(new Part(view, offset, (int)Math.Min(PartBytes, length - offset)));
        }
    }

    public ReadOnlySequence<byte> ToSequence() => BufferSegment.Join([.. parts.Select(part => (ReadOnlyMemory<byte>)part.Memory)]);

    public void Dispose()
    {
        foreach (IDisposable part in parts)
        {
            part.Dispose();
        }

        view.Dispose();
        map.Dispose();
    }

    private sealed unsafe class Part : MemoryManager<byte>
    {
        private readonly MemoryMappedViewAccessor view;
        private readonly int length;
        private byte* start;

        public Part(MemoryMappedViewAccessor view, long offset, int length)
        {
            this.view = view;
            this.length = length;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            start += view.PointerOffset + offset;
        }

        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(start is null, this);
            return new Span<byte>(start, length);
        }

        // The mapping never moves: pinning needs nothing.
        public override MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && start is not null)
            {
                start = null;
                view.SafeMemoryMappedViewHandle.ReleasePointer();
            }
        }
    }
}
