using System.Globalization;
using System.Text;
using System.Text.Json;
using FlameEdge.Agent;
using FlameEdge.Cli;
using FlameEdge.Rounds;
using FlameEdge.Scenarios.Curves;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Learning;

/// <summary>What hostile trainers do to a job over the broker, with and without a rule against them.</summary>
public class AttackTests(ITestOutputHelper output)
{
    private const int Trainers = 10;
    private const int Attackers = 3;

    // Of ten updates three may be hostile.
    private const string Mean = "";
    private static readonly (string Name, string Rule)[] Rules =
    [
        ("mean", Mean),
        ("median", "robust: median"),
        ("trimmed mean", "robust: { kind: trimmed-mean, trim: 3 }"),
        ("krum", "robust: { kind: krum, attackers: 3 }"),
        ("multi-krum", "robust: { kind: multi-krum, attackers: 3, keep: 6 }"),
        ("geometric median", "robust: geometric-median"),
    ];

    [Theory]
    [InlineData("sign flip")]
    [InlineData("nan")]
    public async Task Three_of_ten_attackers_are_withstood_by_the_median_and_by_krum(string attack)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var clean = await RunAsync(Mean, attack, 0, Trainers);

        foreach (var rule in new[] { "median", "krum" })
        {
            var result = await RunAsync(Rules.First(entry => entry.Name == rule).Rule, attack, Attackers, Trainers);
            Assert.True(Final(result) >= Final(clean) - 0.03, $"{rule} under {attack}: {Final(result):0.000}, undisturbed {Final(clean):0.000}");
        }
    }

    [Fact]
    public async Task The_plain_mean_is_ruined_by_three_of_ten_that_turn_their_changes_round()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        Assert.True(Final(await RunAsync(Mean, "sign flip", Attackers, Trainers)) < 0.5);
    }

    /// <summary>The long form, started by <c>tests/attack-figures.sh</c>.</summary>
    [Fact(Explicit = true)]
    [Trait("figures", "attacks")]
    public async Task Every_rule_under_every_attack()
    {
        var table = new StringBuilder($"| rule | trainers, hostile | undisturbed | {string.Join(" | ", HostileTrainer.Attacks)} |\n|---|---|---:|{string.Concat(HostileTrainer.Attacks.Select(_ => "---:|"))}\n");
        foreach (var (name, rule) in Rules)
        {
            await RowAsync(name, rule, Trainers, Attackers);
        }

        // Its own condition, n >= 4 f + 3, allows fewer than a quarter; and what it does where more attack than it was told.
        await RowAsync("bulyan, attackers: 3", "robust: { kind: bulyan, attackers: 3 }", 15, 3);
        await RowAsync("bulyan, attackers: 4", "robust: { kind: bulyan, attackers: 4 }", 20, 6);
        output.WriteLine(table.ToString());
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_ATTACK_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllTextAsync(path, table.ToString());
        }

        async Task RowAsync(string name, string rule, int trainers, int attackers)
        {
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {trainers}, {attackers} | {Final(await RunAsync(rule, "none", 0, trainers)):0.0000} |");
            foreach (var attack in HostileTrainer.Attacks)
            {
                table.Append(CultureInfo.InvariantCulture, $" {Final(await RunAsync(rule, attack, attackers, trainers)):0.0000} |");
            }

            table.Append('\n');
        }
    }

    private static double Final(JobResult result) => result.Rounds[^1].Accuracy!.Value;

    private static async Task<JobResult> RunAsync(string rule, string attack, int attackers, int trainers)
    {
        using var folder = new TemporaryFolder();
        var text = await File.ReadAllTextAsync(GoldenJob.Path("mnist-small"));
        text = text.Replace("isDataConsumer: true }", $"isDataConsumer: true, program: hostile-trainer, settings: {{ attack: {attack}, attackers: {attackers} }} }}", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["job.yaml"], $"{text}\n{rule}\n");
        using var said = new StringWriter();
        using var errors = new StringWriter();
        string[] arguments = ["run", folder["job.yaml"], "--out", folder["out"], "--format", "json", .. Command.Set(GoldenJob.Data("mnist"), $"datasets.train.partition.parts={trainers}", "rounds.quorum=50%", "rounds.largestValue=1000000")];
        var code = await FlameEdgeHost.RunAsync(arguments, roles => roles.Add("hostile-trainer", context => new HostileTrainer(context)), null, TextWriter.Synchronized(said), TextWriter.Synchronized(errors), TestContext.Current.CancellationToken);

        Assert.True(code == ExitCode.Ok, $"{rule} under {attack} ended with {code}:\n{errors}");
        return JsonSerializer.Deserialize(said.ToString(), RoundsJson.Default.JobResult)!; // A result was written, or the code would not be 0.
    }
}
