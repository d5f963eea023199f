using System.Globalization;
using System.Text.Json;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Curves;

/// <summary>What a job says of its optimizer leads, over broker, engine and aggregator, to the curves an independent implementation published: with one tier and with two.</summary>
[Trait("Category", "Golden")]
public class AlgorithmCurveTests
{
    // The file's own tolerance for float32: loss and norm 1e-4, accuracy within two rows.
    private const double Tolerance = 1e-4;
    private const double Rows = 2;

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["eta"] = "rate", ["eta_g"] = "rate", ["beta"] = "momentum", ["beta1"] = "beta1", ["beta2"] = "beta2", ["tau"] = "tau", ["initial_v"] = "initialV", ["mu"] = "mu", ["alpha"] = "alpha",
    };

    public static TheoryData<string> Runs()
    {
        var runs = new TheoryData<string>();
        if (!SharedData.IsAbsent)
        {
            using var file = Open();

            // A job has one number of steps for a role; FedNova's case has one for each client (see below).
            foreach (var run in file.RootElement.GetProperty("runs").EnumerateArray().Where(run => run.GetProperty("parameters").TryGetProperty("local_steps", out _)))
            {
                runs.Add(run.GetProperty("algorithm").GetString()!);
            }
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs), DisableDiscoveryEnumeration = true)]
    public Task It_follows_the_curve(string algorithm) => FollowAsync(algorithm, Settings(algorithm));

    // Where all clients make as many steps FedNova is FedAvg (Wang et al. 2020, section 4): by another way, with its work travelling beside each change.
    [Fact]
    public Task FedNova_with_equal_steps_follows_the_curve_of_FedAvg() => FollowAsync("fedavg", "{ kind: fednova }");

    [Theory]
    [InlineData("fedadam")]
    [InlineData("scaffold")]
    [InlineData("feddyn")]
    public Task With_aggregators_between_it_is_the_same_curve(string algorithm) => FollowAsync(algorithm, Settings(algorithm), isTree: true);

    private static async Task FollowAsync(string algorithm, string optimizer, bool isTree = false)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var file = Open();
        using var folder = new TemporaryFolder();
        var text = JobText.Of(await File.ReadAllTextAsync(GoldenJob.Path("digits")));
        var job = isTree ? text.With(GoldenJob.Tree("digits")) : text;
        await File.WriteAllTextAsync(folder["job.yaml"], $"{job}\noptimizer: {optimizer}\n");

        var result = await Command.RunAsync(folder["job.yaml"], Command.Set(GoldenJob.Data("digits"), "partition=shards"));

        var run = Run(file, algorithm);
        var curve = run.GetProperty("curve").EnumerateArray().ToList();
        var rows = file.RootElement.GetProperty("test_rows").GetInt32();
        Assert.Equal(curve.Count, result.Rounds.Count);
        Assert.All(curve.Zip(result.Rounds), pair =>
        {
            var (expected, actual) = pair;
            Assert.True(
                Math.Abs(expected[1].GetDouble() - actual.Accuracy!.Value) <= (Rows / rows) + 1e-9
                && Math.Abs(expected[2].GetDouble() - actual.Loss!.Value) <= Tolerance
                && Math.Abs(expected[3].GetDouble() - actual.Norm) <= Tolerance * Math.Max(1, expected[3].GetDouble()),
                $"{algorithm}, round {actual.Round}: expected {expected}, got accuracy {actual.Accuracy}, loss {actual.Loss}, norm {actual.Norm}");
        });
    }

    private static string Settings(string algorithm)
    {
        using var file = Open();
        var words = Run(file, algorithm).GetProperty("parameters").EnumerateObject().Where(parameter => Names.ContainsKey(parameter.Name))
            .Select(parameter => string.Create(CultureInfo.InvariantCulture, $"{Names[parameter.Name]}: {parameter.Value.GetDouble()}"));
        return $"{{ {string.Join(", ", words.Prepend($"kind: {algorithm}"))} }}";
    }

    private static JsonElement Run(JsonDocument file, string algorithm) => file.RootElement.GetProperty("runs").EnumerateArray().First(run => run.GetProperty("algorithm").GetString() == algorithm);

    private static JsonDocument Open() => JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("golden", "algorithms", "real-data", "digits-noniid-2shards.json")));
}
