using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;

namespace FlameEdge.Torch.Native;

/// <summary>Brings libtorch up before TorchSharp tries: its own attempt copies half a gigabyte when it fails, and then blames a missing package.</summary>
internal static partial class TorchRuntime
{
    private static readonly Lazy<string?> s_fault = new(Load);

    /// <summary>Loads the native libraries once per process.</summary>
    /// <exception cref="ModelMismatchException">They cannot be loaded; the message says why and what to do.</exception>
    public static void Start()
    {
        if (s_fault.Value is { } fault)
        {
            throw new ModelMismatchException($"the torch runtime cannot start: {fault}");
        }
    }

    /// <summary>Sets how many threads one operator may use; the setting is the process's.</summary>
    public static void UseThreads(int count)
    {
        if (TorchSharp.torch.get_num_threads() != count)
        {
            TorchSharp.torch.set_num_threads(count);
        }
    }

    private static string? Load()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return $"libtorch is on board for linux-x64 only, and this is {RuntimeInformation.RuntimeIdentifier}; train with the onnx runtime here";
        }

        // Threads that spin at a barrier starve whoever shares the core: measured 10 to 170 times slower. libgomp reads this when it is
        // loaded, from the C library's environment, which .NET's own does not reach. What the operator has set stays.
        _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", overwrite: 0);
        _ = SetEnvironment("GOMP_SPINCOUNT", "0", overwrite: 0);
        return NativeLibraries.FaultOf(NativeLibraries.Folders());
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
