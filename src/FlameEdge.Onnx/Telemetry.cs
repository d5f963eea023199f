using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FlameEdge.Onnx;

/// <summary>Keeps ONNX Runtime to itself: since 1.29 its published libraries write an identity of the device into the user's cache and report to their maker, unless told otherwise.</summary>
/// <seealso href="https://github.com/microsoft/onnxruntime/pull/27379"/>
internal static partial class Telemetry
{
    // It asks the C library, which does not see what .NET sets, and it asks once, before anything else of it runs: hence so early.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "A device must not report to strangers, whichever of our classes is used first.")]
    internal static void Disable()
    {
        if (!OperatingSystem.IsWindows())
        {
            // Whoever has set it already, to whatever, is obeyed.
            _ = SetEnvironment("ORT_DISABLE_TELEMETRY", "1", overwrite: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
