using System.Buffers;
using System.Security.Cryptography;
using FlameEdge.Files;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Channels.Transfer;

/// <summary>A body in a temporary file that no crash leaves behind: it never has a name, or loses it as soon as it is open (on Windows, when it closes).</summary>
/// <remarks>Written by calls, because a full disk must be an error and not the fault signal a mapping would raise; mapped only to be read.</remarks>
internal sealed class FileAssembly : AssemblyBuffer
{
    private readonly SafeFileHandle file;
    private readonly long bodyBytes;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private MappedBody? mapped;

    public FileAssembly(string folder, long bodyBytes)
    {
        this.bodyBytes = bodyBytes;
        Directory.CreateDirectory(folder);
        if (UnnamedFile.TryCreate(folder) is { } unnamed)
        {
            file = unnamed;
            return;
        }

        var path = Path.Combine(folder, Guid.NewGuid().ToString("N") + ".assembly");
        file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, FileOptions.DeleteOnClose);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(file, bytes, offset);

    public override void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0)
            {
                throw new IOException("an assembly file is shorter than what was written to it");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    // Who stores the body names it by this hash; made here, the file need not be read once more.
    public override void Follow(ReadOnlySpan<byte> bytes) => hash.AppendData(bytes);

    public override void StartOver() => hash.GetHashAndReset();

    public override ReadOnlySequence<byte> ToSequence() => (mapped ??= new MappedBody(file, bodyBytes) { Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()) }).ToSequence();

    public override void Dispose()
    {
        mapped?.Dispose();
        hash.Dispose();
        file.Dispose();
    }
}
