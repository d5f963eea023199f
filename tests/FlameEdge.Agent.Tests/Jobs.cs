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

    /// <summary>Two trainers of an MLP with a hundred rows each: so little data that what is measured is the program.</summary>
    public static async Task<string> SmallAsync(TemporaryFolder folder)
    {
        var rows = Enumerable.Range(0, 200).Select(row => string.Join(',', Enumerable.Range(0, 17).Select(column => column == 0 ? row % 4 : (row * column % 7) + (column % 4 == row % 4 ? 5 : 0))));
        await File.WriteAllLinesAsync(folder["rows.csv"], rows.Prepend(string.Join(',', Enumerable.Range(0, 16).Select(column => $"p{column}").Prepend("label"))), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["small.json"],
            """
            { "job": "small",
              "topology": {
                "roles": [{ "name": "trainer", "isDataConsumer": true, "datasets": ["rows"] }, { "name": "aggregator" }],
                "channels": [{ "name": "param", "pair": ["trainer", "aggregator"] }] },
              "datasets": [
                { "name": "rows", "path": "rows.csv", "label": "label", "classes": 4, "partition": { "kind": "modulo", "parts": 2 } },
                { "name": "test", "path": "rows.csv", "label": "label", "classes": 4 }],
              "evaluation": "test", "model": { "kind": "mlp", "hidden": [128] }, "rounds": { "count": 3, "quorum": "all" } }
            """,
            TestContext.Current.CancellationToken);
        return folder["small.json"];
    }

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
