using System.Text.Json;
using FlameEdge.Cli;
using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios;

/// <summary>The real command line, called in the test's process.</summary>
internal static class Command
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>True where tests shall take their long form: <c>FLAMEEDGE_LONG=1</c>.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("FLAMEEDGE_LONG") == "1";

    /// <summary>A path of the repository.</summary>
    public static string Repository(params string[] parts) => Path.Combine([SharedData.RepositoryRoot, .. parts]);

    /// <summary><c>flame-edge run</c> to the end, over the embedded broker where no other is named; every round must have counted every worker.</summary>
    public static async Task<JobResult> RunAsync(string job, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = await CallAsync(["run", job, "--out", folder["out"], "--format", "json", .. arguments]);

        Assert.True(code == ExitCode.Ok, $"flame-edge run {job} ended with {code}:\n{error}");
        var result = JsonSerializer.Deserialize(output, RoundsJson.Default.JobResult)!; // A result was written, or the code would not be 0.
        Assert.All(result.Rounds, round => Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));
        return result;
    }

    /// <summary>Any command line; its exit code and what it wrote.</summary>
    public static async Task<(int Code, string Output, string Error)> CallAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Longest);
        var code = await FlameEdgeHost.RunAsync(arguments, roles: null, engines: null, TextWriter.Synchronized(output), TextWriter.Synchronized(error), bound.Token);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>The arguments of <c>--set</c>, one per assignment.</summary>
    public static string[] Set(params IEnumerable<string> assignments) => [.. assignments.SelectMany(assignment => new[] { "--set", assignment })];
}
