using System.Text.Json;
using FlameEdge.Rounds;
using FlameEdge.Scenarios.Curves;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Samples;

/// <summary>The same learning under every mode: another graph, and nothing else.</summary>
public class ModeSampleTests
{
    private static readonly string Folder = Command.Repository("samples", "federated-mnist", "modes");

    public static TheoryData<string> Modes => [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Only_the_topology_section_differs(string mode)
    {
        var (classical, other) = (Read("classical"), Read(mode));

        Assert.Equal(WithoutFirstLine(classical.Before), WithoutFirstLine(other.Before));
        Assert.Equal(classical.After, other.After);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task It_learns(string mode)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var folder = new TemporaryFolder();

        var (code, output, error) = await Command.CallAsync(
            ["run", Path.Combine(Folder, mode + ".yaml"), "--out", folder["out"], "--format", "json", .. Command.Set(GoldenJob.Data("mnist"), "datasets.train.rows.count=6000", "datasets.test.rows.every=5", "rounds.count=2")]);

        Assert.True(code == ExitCode.Ok, error);
        var results = output.TrimStart().StartsWith('[') ? JsonSerializer.Deserialize(output, RoundsJson.Default.IReadOnlyListJobResult)! : [JsonSerializer.Deserialize(output, RoundsJson.Default.JobResult)!]; // Written, or the code would not be 0.
        Assert.All(results, result => Assert.Equal("completed", result.State));

        // Two rounds of 600 images each: the classical mode comes to 0.8, two asynchronous steps to less; chance is 0.10.
        Assert.All(results, result => Assert.True(result.Rounds[^1].Accuracy > 0.5, $"{result.Server} {result.Rounds[^1].Accuracy}"));
    }

    [Fact]
    public async Task Parallel_experiments_have_results_of_their_own()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var folder = new TemporaryFolder();

        var (code, _, error) = await Command.CallAsync(
            ["run", Path.Combine(Folder, "parallel.yaml"), "--out", folder["out"], .. Command.Set(GoldenJob.Data("mnist"), "datasets.train.rows.count=1000", "datasets.test.rows.every=50", "rounds.count=1")]);

        Assert.True(code == ExitCode.Ok, error);
        var results = new[] { "aggregator_0", "aggregator_1" }.Select(server => JobResult.Read(Path.Combine(folder["out"], server, "result.json"))).ToList();
        Assert.All(results, result => Assert.Equal((6, 5), (result.Workers, result.Rounds[0].Verdicts.Count)));
        Assert.NotEqual(results[0].Model, results[1].Model);
        Assert.Empty(results[0].Rounds[0].Verdicts.Select(verdict => verdict.Worker).Intersect(results[1].Rounds[0].Verdicts.Select(verdict => verdict.Worker)));
    }

    /// <summary>The README's table of changed lines is what the files say.</summary>
    [Fact]
    public async Task The_table_counts_the_changed_lines()
    {
        var rows = (await File.ReadAllLinesAsync(Path.Combine(Folder, "README.md"), TestContext.Current.CancellationToken)).Where(line => line.StartsWith("| ", StringComparison.Ordinal) && line.Contains(" → ", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(rows);
        Assert.All(rows, row =>
        {
            var cells = row.Split('|', StringSplitOptions.TrimEntries);
            var step = cells[1].Split(" → ");
            Assert.Equal($"{ChangedLines(Read(step[0]).Topology, Read(step[1]).Topology)}", cells[2]);
        });
        var steps = rows.Select(row => row.Split('|', StringSplitOptions.TrimEntries)[1].Split(" → ")[1]);
        Assert.Empty(Modes.Select(mode => mode.Data).Except([.. steps, "classical"]));
    }

    private static JobText Read(string mode) => JobText.Of(File.ReadAllText(Path.Combine(Folder, mode + ".yaml")));

    // It says in a comment which mode it is.
    private static string WithoutFirstLine(string text) => text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];

    /// <summary>Lines that went and lines that came, as diff counts them.</summary>
    private static int ChangedLines(string before, string after)
    {
        var (old, fresh) = (before.TrimEnd().Split('\n'), after.TrimEnd().Split('\n'));
        var common = new int[old.Length + 1, fresh.Length + 1];
        for (var i = old.Length - 1; i >= 0; i--)
        {
            for (var j = fresh.Length - 1; j >= 0; j--)
            {
                common[i, j] = old[i] == fresh[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        return old.Length + fresh.Length - (2 * common[0, 0]);
    }
}
