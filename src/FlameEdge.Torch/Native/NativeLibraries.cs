using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace FlameEdge.Torch.Native;

/// <summary>Finds and loads libtorch and TorchSharp's binding to it, and puts the loader's complaint into words of cause and remedy.</summary>
internal static partial class NativeLibraries
{
    private const int RegexBoundMilliseconds = 1000;

    // libtorch first: the binding then finds it loaded, wherever it lies.
    private static readonly (string File, string Package)[] s_libraries =
    [
        ("libtorch.so", "libtorch-cpu-linux-x64"),
        ("libLibTorchSharp.so", "TorchSharp"),
    ];

    /// <summary>Where the host looks for native libraries.</summary>
    public static IEnumerable<string> Folders() =>
        [AppContext.BaseDirectory, .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Loads the libraries from <paramref name="folders"/>; null, or what stands in the way.</summary>
    public static string? FaultOf(IEnumerable<string> folders)
    {
        foreach (var (file, package) in s_libraries)
        {
            var path = folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
            if (path is null)
            {
                return $"{file} is not on board; the program must reference the package {package} for linux-x64";
            }

            if (!IsWhole(path))
            {
                return $"{path} is damaged or cut short; copy it again";
            }

            try
            {
                NativeLibrary.Load(path);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                return Diagnose(path, exception.Message);
            }
        }

        return null;
    }

    // The loader maps what the file claims: reading behind the end of one that is cut short would end the process. Section headers come last.
    private static bool IsWhole(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[64];
        return file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length
            && header.StartsWith("\u007fELF"u8)
            && BinaryPrimitives.ReadInt64LittleEndian(header[0x28..]) + (BinaryPrimitives.ReadUInt16LittleEndian(header[0x3A..]) * (long)BinaryPrimitives.ReadUInt16LittleEndian(header[0x3C..])) <= file.Length;
    }

    private static string Diagnose(string path, string complaint)
    {
        if (MissingVersion().Match(complaint) is { Success: true } version)
        {
            return $"{path} asks for {version.Groups["wanted"].Value} but {version.Groups["library"].Value} has only {NewestVersion(version.Groups["library"].Value)}; "
                + "the program was built without TorchNative.targets: import it and publish again, or bring the libstdc++ of GCC 13.2 or newer";
        }

        if (MissingFile().Match(complaint) is { Success: true } missing)
        {
            return $"{path} needs {missing.Groups["file"].Value}, which is not on board; publish again with the package libtorch-cpu-linux-x64";
        }

        return $"{path} cannot be loaded: {complaint.ReplaceLineEndings(" ")}";
    }

    // The versions a library offers stand as text in its table of names.
    private static string NewestVersion(string library)
    {
        if (!File.Exists(library))
        {
            return "an older one";
        }

        var newest = OfferedVersion().Matches(Encoding.Latin1.GetString(File.ReadAllBytes(library)))
            .Select(match => int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture))
            .DefaultIfEmpty(0)
            .Max();
        return string.Create(CultureInfo.InvariantCulture, $"GLIBCXX_3.4.{newest}");
    }

    [GeneratedRegex(@"(?<library>/\S+): version `(?<wanted>[\w.]+)' not found", RegexOptions.ExplicitCapture, RegexBoundMilliseconds)]
    private static partial Regex MissingVersion();

    [GeneratedRegex(@"(?<file>\S+\.so[\w.]*): cannot open shared object file", RegexOptions.ExplicitCapture, RegexBoundMilliseconds)]
    private static partial Regex MissingFile();

    [GeneratedRegex(@"GLIBCXX_3\.4\.(?<number>\d{1,4})", RegexOptions.ExplicitCapture, RegexBoundMilliseconds * 10)]
    private static partial Regex OfferedVersion();
}
