using System.Diagnostics;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>A filesystem of our own, in memory, that can be full or read-only. Only root on Linux may mount one: elsewhere the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string path;

    private SmallDisk(string path) => this.path = path;

    public string this[string name] => Path.Combine(path, name);

    public static SmallDisk Mount(int kilobytes)
    {
        var path = Directory.CreateTempSubdirectory("flameedge-disk-").FullName;
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", path) != 0)
        {
            Directory.Delete(path);
            Assert.Skip("a small filesystem can only be mounted by root on Linux, with the right to mount");
        }

        return new(path);
    }

    public void MakeReadOnly() => Assert.Equal(0, Run("mount", "-o", "remount,ro", path));

    public void Grow(int kilobytes) => Assert.Equal(0, Run("mount", "-o", $"remount,size={kilobytes}k", path));

    /// <summary>Leaves not a byte.</summary>
    public void Fill()
    {
        using var ballast = File.OpenHandle(this["ballast"], FileMode.Create, FileAccess.Write);
        var offset = 0L;
        try
        {
            for (var bytes = new byte[4096]; ; offset += bytes.Length)
            {
                RandomAccess.Write(ballast, bytes, offset);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Dispose()
    {
        // LiteDB leaves its file to the garbage collector when it cannot open it.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(0, Run("umount", path));
        Directory.Delete(path);
    }

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!; // Started, or it has thrown.
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
