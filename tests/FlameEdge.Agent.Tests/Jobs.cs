using FlameEdge.Cli;
using FlameEdge.Testing;

namespace FlameEdge.Agent.Tests;

/// <summary>Jobs of the samples as the JSON a device reads, written by the tool.</summary>
internal static class Jobs
{
    /// <summary>Eight machines' vibration with the trainers that come with FlameEdge.</summary>
    public static Task<string> PlainAsync(TemporaryFolder folder, params string[] sets) => JsonAsync(folder, "federated-vibration", sets);

    /// <summary>The same with the cautious trainers of the sample.</summary>
    public static Task<string> CautiousAsync(TemporaryFolder folder, params string[] sets) => JsonAsync(folder, "my-own-role", sets);

    private static async Task<string> JsonAsync(TemporaryFolder folder, string sample, string[] sets)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FlameEdgeHost.RunAsync(["job", "json", Path.Combine(SharedData.RepositoryRoot, "samples", sample), .. sets.SelectMany(set => new[] { "--set", set })], null, null, output, error, TestContext.Current.CancellationToken);
        Assert.True(code == ExitCode.Ok, error.ToString());
        var path = folder[sample + ".json"];
        await File.WriteAllTextAsync(path, output.ToString(), TestContext.Current.CancellationToken);
        return path;
    }
}
