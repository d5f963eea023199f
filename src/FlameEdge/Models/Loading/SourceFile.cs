using FlameEdge.Diagnostics;

namespace FlameEdge.Models.Loading;

/// <summary>One file of a source: opens it, unpacks <c>.gz</c>, and says in one sentence what is wrong with it.</summary>
internal static class SourceFile
{
    /// <summary>Deflate cannot shrink further than this; so a gzip file of n bytes holds at most n times as many.</summary>
    private const long MaxDeflateRatio = 1032;

    /// <summary>What a cached parse of the file depends on: a file that changes is read again.</summary>
    public static string Stamp(string path) => Guarded(path, () =>
    {
        var file = new FileInfo(path);
        return file.Exists
            ? $"{file.FullName}|{file.Length}|{file.LastWriteTimeUtc.Ticks}"
            : throw Fault(path, "the file does not exist; check the path in the job");
    });

    /// <summary>Opens the file and hands its unpacked bytes to <paramref name="read"/>, with the most bytes it can hold.</summary>
    /// <exception cref="DatasetException">The file is missing, unreadable or a broken gzip, whatever <paramref name="read"/> met.</exception>
    public static T Read<T>(string path, Func<Stream, long, T> read) => Guarded(path, () =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            return read(file, file.Length);
        }

        if (file.Length == 0)
        {
            throw Fault(path, "the file is empty");
        }

        using var unpacked = new CheckedGzipStream(file);
        return read(unpacked, file.Length * MaxDeflateRatio);
    });

    /// <summary>The error of a file: what, and what to do.</summary>
    public static DatasetException Fault(string path, string message, Exception? inner = null) => new($"{path}: {message}", inner);

    private static T Guarded<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Fault(path, "the file does not exist; check the path in the job", error);
        }
        catch (InvalidDataException error)
        {
            throw Fault(path, "the gzip data is truncated or broken (or several gzip files were joined); fetch the file again, or pack it anew", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Fault(path, $"the file cannot be read ({error.Message.ReplaceLineEndings(" ")})", error);
        }
    }
}
