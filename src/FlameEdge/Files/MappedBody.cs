using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Files;

/// <summary>A file read as memory, a part at a time: pages of the part that was read before are given back, so that a body of a gigabyte takes up a few megabytes.</summary>
internal sealed partial class MappedBody : IDisposable
{
    // A multiple of the page size of every machine, and of every element's.
    private const int PartBytes = 4 * 1024 * 1024;
    private const int DoNotNeed = 4; // MADV_DONTNEED of Linux; the pages of a file come back when they are touched again.

    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly List<Part> parts = [];
    private readonly SafeFileHandle file;
    private readonly long length;
    private Part? latest;

    /// <param name="file">The file; it stays its opener's.</param>
    /// <param name="length">Its bytes, at least one.</param>
    public MappedBody(SafeFileHandle file, long length)
    {
        (this.file, this.length) = (file, length);
        map = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        for (var offset = 0L; offset < length; offset += PartBytes)
        {
            parts.Add(new Part(this, view, offset, (int)Math.Min(PartBytes, length - offset)));
        }
    }

    /// <summary>SHA-256 of the whole file in lower-case hex, where whoever wrote it made it on the way; null else.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The file; it stays its opener's.</summary>
    public SafeFileHandle File => file;

    /// <summary>Its name, where whoever wrote it is done with it: it may be given another one.</summary>
    public string? Path { get; init; }

    /// <summary>The body whose whole content <paramref name="bytes"/> are; null where they lie elsewhere.</summary>
    public static MappedBody? Of(ReadOnlySequence<byte> bytes) =>
        MemoryMarshal.TryGetMemoryManager<byte, Part>(bytes.First, out var part) && part is { IsFirst: true } && part.Body.length == bytes.Length ? part.Body : null;

    /// <summary>The whole file; valid until this is disposed.</summary>
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

    /// <summary>Another part is read: the one before needs no memory for now. Who still reads it finds it again in its file.</summary>
    private void Turn(Part part)
    {
        if (Interlocked.Exchange(ref latest, part) is { } former && former != part && OperatingSystem.IsLinux())
        {
            former.Rest();
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);

    private sealed unsafe class Part : MemoryManager<byte>
    {
        private readonly MemoryMappedViewAccessor view;
        private readonly int length;
        private byte* start;

        public Part(MappedBody body, MemoryMappedViewAccessor view, long offset, int length)
        {
            Body = body;
            IsFirst = offset == 0;
            this.view = view;
            this.length = length;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            start += view.PointerOffset + offset;
        }

        public MappedBody Body { get; }

        public bool IsFirst { get; }

        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(start is null, this);
            Body.Turn(this);
            return new Span<byte>(start, length);
        }

        /// <summary>Gives its pages back; a hint, so that a refusal costs memory alone.</summary>
        public void Rest()
        {
            if (start is not null)
            {
                _ = Advise((nint)start, (nuint)length, DoNotNeed);
            }
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
