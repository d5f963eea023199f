using System.Text.RegularExpressions;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests;

/// <summary>What a command line came to.</summary>
public sealed partial record Outcome(int Code, string Output, string Error)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The last line of standard error: what must be done next.</summary>
    public string LastLine => Error.TrimEnd().Split('\n')[^1];

    /// <summary>Runs a command line within this process, as a program of somebody's own would.</summary>
    public static async Task<Outcome> OfAsync(params string[] args)
    {
        using var bound = new CancellationTokenSource(Patience);
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FlameEdgeHost.RunAsync(args, null, null, TextWriter.Synchronized(output), TextWriter.Synchronized(error), bound.Token);
        return new(code, output.ToString(), error.ToString());
    }

    /// <summary>Waits for the end of a process.</summary>
    public static async Task<Outcome> OfAsync(RunningProgram program)
    {
        var (code, output, error) = await program.EndAsync();
        return new(code, output, error);
    }

    /// <summary>One clear line that names all of <paramref name="named"/>, the documented code, no trace of our insides, nothing on standard output.</summary>
    public void IsRefusal(int code, params string[] named)
    {
        Assert.True(Code == code, $"exit code {Code} instead of {code}:\n{Error}{Output}");
        Assert.All(named, name => Assert.Contains(name, LastLine, StringComparison.Ordinal));
        ShowsNoInsides();
        Assert.Equal("", Output);
    }

    /// <summary>No stack trace and no name of an exception: they help nobody who runs a job.</summary>
    public void ShowsNoInsides()
    {
        Assert.DoesNotMatch(TraceLine(), Error);
        Assert.DoesNotMatch(ExceptionName(), Error);
        Assert.DoesNotContain("a fault of FlameEdge itself", Error, StringComparison.Ordinal);
    }

    /// <summary>Nothing in the folder that looks like a result, and nothing left of an attempt at one.</summary>
    public static void HasNoResults(string folder)
    {
        var files = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path)).ToList() : [];
        Assert.DoesNotContain(files, file => !file.StartsWith("state", StringComparison.Ordinal));
        HasNothingHalfWritten(folder);
    }

    /// <summary>No file of the folder is an unfinished one.</summary>
    public static void HasNothingHalfWritten(string folder) =>
        Assert.Empty(!Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(path => path.EndsWith(".tmp", StringComparison.Ordinal) || path.EndsWith(".unfinished", StringComparison.Ordinal)));

    [GeneratedRegex(@"^   at ", RegexOptions.Multiline, 60_000)]
    private static partial Regex TraceLine();

    [GeneratedRegex(@"\b[A-Z]\w*Exception\b", RegexOptions.None, 60_000)]
    private static partial Regex ExceptionName();
}
