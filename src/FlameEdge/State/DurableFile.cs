using System.Buffers;
using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;
using FlameEdge.Files;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.State;

/// <summary>Files that are there whole or not at all: temporary name, flush to disk, atomic rename, flush of the folder.</summary>
public static partial class DurableFile
{
    /// <summary>Writes or replaces a file durably.</summary>
    /// <exception cref="StateException">The folder is full, read-only or absent; the old file, if any, is untouched.</exception>
    public static void Write(string path, ReadOnlySequence<byte> content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.None))
            {
                var offset = 0L;
                foreach (var segment in content)
                {
                    RandomAccess.Write(file, segment.Span, offset);
                    offset += segment.Length;
                }

                RandomAccess.FlushToDisk(file);
            }

            CrashPoint.Reach("file-before-rename");
            File.Move(temporary, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw Unwritable(path, error);
        }
    }

    /// <summary>Gives a complete file another name, durably; false where that cannot be, and nothing was changed.</summary>
    internal static bool TryRename(SafeFileHandle file, string from, string to)
    {
        // Windows does not rename what is mapped.
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            RandomAccess.FlushToDisk(file);
            CrashPoint.Reach("file-before-rename");
            File.Move(from, to, overwrite: true);
            FlushFolder(Path.GetDirectoryName(to)!);
            return true;
        }
        catch (FileNotFoundException)
        {
            // It has been given its new name before.
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(to, error);
        }
    }

    /// <summary>Removes a file if it is there and can be removed.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // An orphan costs space, not truth; the next start sweeps it.
        }
    }

    private static StateException Unwritable(string path, Exception error) =>
        new($"{path} cannot be written: {error.Message.TrimEnd('.')}. Free space or give the process write access to the folder, then run again with --resume.", error);

    // .NET cannot open a folder to flush it; without the flush a rename may be lost with the power.
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open the folder {folder} to flush it");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Flush(descriptor) != 0)
        {
            throw new IOException($"cannot flush the folder {folder}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);
}
