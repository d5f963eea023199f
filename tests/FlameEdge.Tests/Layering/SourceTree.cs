using System.Text.RegularExpressions;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Layering;

/// <summary>A line of source as a rule sees it: without its comment.</summary>
internal readonly record struct SourceLine(string Place, string Text);

/// <summary>The repository's own text: no build output, no work of version control.</summary>
internal static class SourceTree
{
    /// <summary>Longer than any pattern takes on a machine that is busy.</summary>
    public const int RegexBoundMilliseconds = 60_000;

    public static readonly TimeSpan RegexBound = TimeSpan.FromMilliseconds(RegexBoundMilliseconds);

    private static readonly string[] Skipped = [".git", "bin", "obj", "out", "artifacts", ".vs", "BenchmarkDotNet.Artifacts"];

    public static string Root => SharedData.RepositoryRoot;

    /// <summary>Names of the projects in <c>src/</c>.</summary>
    public static IEnumerable<string> Projects => Directory.EnumerateDirectories(Path.Combine(Root, "src")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    public static string ProjectFile(string project) => Path.Combine(Root, "src", project, project + ".csproj");

    /// <summary>All files below a folder of the repository.</summary>
    public static IEnumerable<string> Files(string folder, string pattern = "*") =>
        Directory.EnumerateFiles(folder, pattern).Where(path => !Skipped.Contains(Path.GetFileName(path)))
            .Concat(Directory.EnumerateDirectories(folder).Where(child => !Skipped.Contains(Path.GetFileName(child))).SelectMany(child => Files(child, pattern)))
            .Order(StringComparer.Ordinal);

    /// <summary>The C# lines of a project, or of a folder of it.</summary>
    public static IEnumerable<SourceLine> Lines(string project, string folder = "") =>
        Files(Path.Combine(Root, "src", project, folder), "*.cs").SelectMany(LinesOf);

    /// <summary>The C# lines of a file.</summary>
    private static IEnumerable<SourceLine> LinesOf(string path) =>
        File.ReadLines(path).Select((line, index) => new SourceLine($"{Path.GetRelativePath(Root, path)}:{index + 1}", Regex.Replace(line, "(?<=^|[^:])//.*$", string.Empty, RegexOptions.None, RegexBound)));
}
