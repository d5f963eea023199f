namespace FlameEdge.Testing;

/// <summary>The folder of reference data beside the project: <c>FLAMEEDGE_DATA</c>, else <c>../shared</c> beside the repository.</summary>
public static class SharedData
{
    /// <summary>Why tests that need the folder skip where it is absent.</summary>
    public const string Absent = "the reference data folder is absent (set FLAMEEDGE_DATA)";

    /// <summary>The repository's root: the folder that holds FlameEdge.sln.</summary>
    public static string RepositoryRoot { get; } = FindUp("FlameEdge.sln")
        ?? throw new InvalidOperationException("FlameEdge.sln is not above the test's folder");

    /// <summary>The folder's path, or null where it is absent.</summary>
    public static string? Root { get; } = Find();

    /// <summary>True where the folder is absent.</summary>
    public static bool IsAbsent => Root is null;

    /// <summary>The path of something inside the folder; throws where the folder is absent.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([Root ?? throw new InvalidOperationException(Absent), .. parts]);

    /// <summary>The first of a workload's stored Canoe streams, whatever its seed.</summary>
    public static string Stream(string dataset, string workload) =>
        Directory.EnumerateFiles(Path("golden", "canoe", dataset), $"{workload}-s*.json.gz").Order(StringComparer.Ordinal).First();

    private static string? Find()
    {
        var fromEnvironment = Environment.GetEnvironmentVariable("FLAMEEDGE_DATA");
        if (!string.IsNullOrEmpty(fromEnvironment))
        {
            return Directory.Exists(fromEnvironment) ? fromEnvironment : null;
        }

        var beside = System.IO.Path.GetFullPath(System.IO.Path.Combine(RepositoryRoot, "..", "shared"));
        return Directory.Exists(beside) ? beside : null;
    }

    private static string? FindUp(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, file)))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
