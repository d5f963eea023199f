using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Files;

/// <summary>A file without a name, as Linux makes them: no crash leaves it behind, and it can be given a name once it is complete.</summary>
internal static partial class UnnamedFile
{
    private const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private const int Temporary = 0x400000;
    private const int OwnerOnly = 0x180; // 0600
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int FollowLink = 0x400; // AT_SYMLINK_FOLLOW

    // O_TMPFILE holds O_DIRECTORY, whose bit differs between processors.
    private static readonly int? Directory = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 0x10000,
        Architecture.Arm64 => 0x4000,
        _ => null,
    };

    /// <summary>One on the file system of <paramref name="folder"/>; null where the system or that file system has none.</summary>
    public static SafeFileHandle? TryCreate(string folder)
    {
        if (!OperatingSystem.IsLinux() || Directory is not { } directory)
        {
            return null;
        }

        var descriptor = Open(folder, ReadWrite | CloseOnExec | Temporary | directory, OwnerOnly);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Names it; false where it cannot be: it had a name, or <paramref name="path"/> is taken or on another file system.</summary>
    public static bool TryLink(SafeFileHandle file, string path) =>
        OperatingSystem.IsLinux() && Link(CurrentFolder, $"/proc/self/fd/{file.DangerousGetHandle()}", CurrentFolder, path, FollowLink) == 0;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "linkat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(int oldFolder, string oldPath, int newFolder, string newPath, int flags);
}
