namespace FlameEdge.Topology.Reading;

/// <summary>Reads the bytes of a job's files; what goes wrong is a problem with the file's name, never an exception.</summary>
public static class SpecFile
{
    /// <summary>Largest file read, in bytes: a million datasets with all of Flame's metadata.</summary>
    public const long MaxBytes = 1 << 30;

    /// <summary>The bytes of a file, or null where it cannot be read.</summary>
    public static byte[]? ReadBytes(string path, SpecProblems problems)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxBytes)
            {
                problems.Add(new SpecPosition(path), $"the file has {length} bytes, above {MaxBytes}; split the job");
                return null;
            }

            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add(new SpecPosition(path), "the file does not exist; check the path");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problems.Add(new SpecPosition(path), $"the file cannot be read ({exception.Message.ReplaceLineEndings(" ")}); check the path and its permissions");
        }

        return null;
    }

    /// <summary>A JSON file that must hold a value of type <typeparamref name="T"/>; null where it was refused.</summary>
    internal static T? ReadJson<T>(string path, string wanted, SpecProblems problems)
        where T : SpecNode
    {
        var before = problems.Count;
        var root = ReadBytes(path, problems) is { } bytes ? JsonSpecReader.Read(bytes, path, problems) : null;
        if (root is not T && problems.Count == before)
        {
            problems.Add(root?.Position ?? new SpecPosition(path), $"this is {root?.Kind ?? "nothing"}, but must be {wanted}");
        }

        return root as T;
    }
}
