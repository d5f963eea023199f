using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FlameEdge.Testing;
using FlameEdge.Torch.Native;

namespace FlameEdge.Torch.Tests.Native;

/// <summary>What keeps libtorch from loading is said in terms of cause and remedy.</summary>
public class NativeLibrariesTests
{
    private const string Binding = "libLibTorchSharp.so";
    private static readonly string s_board = AppContext.BaseDirectory;

    [Fact]
    public void What_is_on_board_loads()
    {
        TorchRuntime.Start();

        Assert.Null(NativeLibraries.FaultOf(NativeLibraries.Folders()));
    }

    [Fact]
    public void A_binding_that_was_not_cured_is_told_apart()
    {
        TorchRuntime.Start();
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(Path.Combine(folder.Path, Binding), AsShipped());

        var fault = NativeLibraries.FaultOf([folder.Path, s_board]);

        Assert.SkipWhen(fault is null, "this system's libstdc++ offers what the binding asks for");
        Assert.Contains("asks for GLIBCXX_3.4.32", fault, StringComparison.Ordinal);
        Assert.Matches(@"libstdc\+\+\.so\.6 has only GLIBCXX_3\.4\.([12]\d|3[01]);", fault);
        Assert.Contains("TorchNative.targets", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_package_is_named()
    {
        using var folder = new TemporaryFolder();

        var fault = NativeLibraries.FaultOf([folder.Path]);

        Assert.Contains("package libtorch-cpu-linux-x64", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    [InlineData(2_000_000)]
    public void A_file_that_is_cut_short_does_not_end_the_process(int length)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, Binding);
        File.WriteAllBytes(path, File.ReadAllBytes(Path.Combine(s_board, Binding))[..length]);

        var fault = NativeLibraries.FaultOf([folder.Path, s_board]);

        Assert.Equal($"{path} is damaged or cut short; copy it again", fault);
    }

    [Fact]
    public void Threads_do_not_spin()
    {
        TorchRuntime.Start();

        Assert.Equal("0", Marshal.PtrToStringUTF8(GetEnvironment("GOMP_SPINCOUNT")));
    }

    [Fact]
    public void Ballast_stays_ashore() =>
        Assert.Empty(Directory.EnumerateFiles(s_board).Select(path => Path.GetFileName(path)).Intersect(["libtorch_python.so", "libtorchbind_test.so", "libnnapi_backend.so", "libshm.so"]));

    // The cured copy with its one mark taken away again: the demand is found by the hash of its name, behind which its flags stand.
    private static byte[] AsShipped()
    {
        var file = File.ReadAllBytes(Path.Combine(s_board, Binding));
        var mark = new byte[6];
        BinaryPrimitives.WriteUInt32LittleEndian(mark, "GLIBCXX_3.4.32".Aggregate(0u, (hash, letter) => ElfHash(hash, letter)));
        mark[4] = 2;
        var at = file.AsSpan().IndexOf(mark);
        Assert.True(at > 0 && file.AsSpan(at + 1).IndexOf(mark) < 0, "there is not one cured demand");
        file[at + 4] = 0;
        return file;
    }

    // The hash of the ELF specification.
    private static uint ElfHash(uint hash, char letter)
    {
        hash = (hash << 4) + letter;
        var high = hash & 0xF0000000;
        return (hash ^ (high >> 24)) & ~high;
    }

    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr GetEnvironment(string name);
}
