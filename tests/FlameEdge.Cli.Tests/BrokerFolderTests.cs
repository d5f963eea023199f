using System.Text.Json;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Cli.Tests;

/// <summary>What <c>brokers/</c> says of a broker holds for the real one.</summary>
public class BrokerFolderTests
{
    private static readonly string Folder = Path.Combine(SharedData.RepositoryRoot, "brokers");

    [Fact]
    public async Task A_job_runs_over_mosquitto_with_exactly_our_configuration()
    {
        var ours = await File.ReadAllLinesAsync(Path.Combine(Folder, "mosquitto", "mosquitto.conf"), TestContext.Current.CancellationToken);
        Assert.Single(ours, "listener 1883 127.0.0.1");
        await using var mosquitto = await Mosquitto.StartAsync((_, port) => ours.Select(line => line == "listener 1883 127.0.0.1" ? $"listener {port} 127.0.0.1" : line));
        using var folder = new TemporaryFolder();

        var outcome = await Outcome.OfAsync("run", Path.Combine(SharedData.RepositoryRoot, "samples", "federated-vibration"), "--set", "rounds.count=2", "--set", "rounds.quorum=all",
            "--broker", $"mqtt://127.0.0.1:{mosquitto.Port}", "--out", folder["out"], "--format", "json");

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        var result = JsonSerializer.Deserialize(outcome.Output, RoundsJson.Default.JobResult)!; // A run that is done prints one.
        Assert.Equal([8, 8], result.Rounds.Select(round => round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)));
    }

    [Fact]
    public void Every_folder_is_listed_and_has_a_page()
    {
        var list = File.ReadAllText(Path.Combine(Folder, "README.md"));
        Assert.All(Directory.EnumerateDirectories(Folder).Select(Path.GetFileName), name =>
        {
            Assert.Contains($"({name}/README.md)", list, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(Folder, name!, "README.md")), $"brokers/{name} has no README.md");
        });
    }
}
