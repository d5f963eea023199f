using FlameEdge.Agent;
using FlameEdge.Rounds;
using FlameEdge.Scenarios.Curves;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Learning;

/// <summary>Trainers of both runtimes in one job: the tool with ONNX Runtime, and beside it a device's program that trains with TorchSharp.</summary>
public class RuntimeTests(ITestOutputHelper output)
{
    private const double Agreement = 1e-4;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Half_the_trainers_on_torch_give_the_curve_of_none()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        string[] settings = [GoldenJob.Data("digits"), "partition=modulo"];

        var plain = await Command.RunAsync(GoldenJob.Path("digits"), Command.Set(settings));
        var mixed = await RunAsync(GoldenJob.Path("digits"), settings, onnx: [0, 1], torch: [2, 3, 4]);

        Assert.Equal(plain.Rounds.Count, mixed.Rounds.Count);
        Assert.All(plain.Rounds.Zip(mixed.Rounds), pair => Assert.InRange(pair.Second.Loss!.Value, pair.First.Loss!.Value - Agreement, pair.First.Loss!.Value + Agreement));
        Assert.NotEqual(plain.Model, mixed.Model); // Another runtime rounds in another order: the same bits would mean that it never trained.
        output.WriteLine($"largest difference in loss: {plain.Rounds.Zip(mixed.Rounds).Max(pair => Math.Abs(pair.First.Loss!.Value - pair.Second.Loss!.Value)):E1}");
    }

    [Fact]
    public async Task A_mixed_fleet_follows_the_published_accuracies()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        double[] published = [0.9046, 0.9197, 0.9301, 0.9357, 0.9402, 0.9451, 0.9485, 0.9516];
        var count = Command.IsLong ? 8 : 2;

        var result = await RunAsync(Command.Repository("samples", "federated-mnist"), [GoldenJob.Data("mnist"), $"rounds.count={count}", "rounds.quorum=all"], onnx: [0, 2, 4, 6, 8], torch: [1, 3, 5, 7, 9]);

        // The band of the same job on one runtime; see SampleTests.
        Assert.Equal(count, result.Rounds.Count);
        Assert.All(published.Zip(result.Rounds), pair => Assert.InRange(pair.Second.Accuracy!.Value, pair.First - 0.015, pair.First + 0.01));
        output.WriteLine(string.Join(" ", result.Rounds.Select(round => $"{round.Accuracy:0.0000}")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lenet_learns_digits_on_either_runtime(bool isTorch)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        string[] size = Command.IsLong ? ["rounds.count=10"] : ["rounds.count=1", "datasets.train.rows.count=15000"];
        int[] all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

        var result = await RunAsync(GoldenJob.Path("mnist-lenet"), [GoldenJob.Data("mnist"), .. size], isTorch ? [] : all, isTorch ? all : []);

        output.WriteLine($"{(isTorch ? "torch" : "onnx")}: {string.Join(" ", result.Rounds.Select(round => $"{round.Accuracy:0.0000}"))}");
        Assert.InRange(result.Rounds[^1].Accuracy!.Value, Command.IsLong ? 0.985 : 0.83, 1);
    }

    // The second round is judged by the same speeds as the first and its losses are far smaller: in the third there are a threshold and a deadline that the slowest cannot meet with all its rows.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Digits_are_learned_from_a_choice_of_rows_on_either_runtime(bool isTorch)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var folder = new TemporaryFolder();
        var text = await File.ReadAllTextAsync(GoldenJob.Path("digits"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder["sampled.yaml"],
            text.Replace("batchSize: all, steps: 5", "batchSize: 32, epochs: 4", StringComparison.Ordinal) + "sampler: { kind: fedbalancer, window: 1, lossStep: 0.3, deadlineStep: 0.5 }\n",
            TestContext.Current.CancellationToken);
        int[] all = [0, 1, 2, 3, 4];

        var result = await RunAsync(folder["sampled.yaml"], [GoldenJob.Data("digits"), "rounds.count=3"], isTorch ? [] : all, isTorch ? all : []);

        output.WriteLine($"{(isTorch ? "torch" : "onnx")}: {string.Join(" ", result.Rounds.Select(round => $"{round.Samples}:{round.Accuracy:0.0000}"))}");
        Assert.All(result.Rounds.Take(2), round => Assert.Equal(1437, round.Samples));
        Assert.InRange(result.Rounds[2].Samples, 1, 1436);
        Assert.InRange(result.Rounds[2].Accuracy!.Value, 0.84, 1);
    }

    [Fact]
    public async Task A_fair_job_has_the_same_curve_on_both_runtimes()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        string[] settings = [GoldenJob.Data("digits"), "rounds.count=4", "optimizer.kind=fedgft", "optimizer.fair=sp", "optimizer.feature=p36", "optimizer.gamma=5"];
        int[] all = [0, 1, 2, 3, 4];

        var plain = await Command.RunAsync(GoldenJob.Path("digits"), Command.Set(settings[..2]));
        var onnx = await Command.RunAsync(GoldenJob.Path("digits"), Command.Set(settings));
        var torch = await RunAsync(GoldenJob.Path("digits"), settings, onnx: [], torch: all);

        Assert.All(onnx.Rounds.Zip(torch.Rounds), pair => Assert.InRange(pair.Second.Loss!.Value, pair.First.Loss!.Value - Agreement, pair.First.Loss!.Value + Agreement));
        Assert.Equal(plain.Rounds[0].Loss!.Value, onnx.Rounds[0].Loss!.Value, Agreement); // Nobody knows a bias yet.
        Assert.True(Math.Abs(plain.Rounds[^1].Loss!.Value - onnx.Rounds[^1].Loss!.Value) > 3 * Agreement, "the penalty moves nothing");
    }

    // The aggregator and some trainers with the tool, the others with the device's program, over a broker of their own.
    private static async Task<JobResult> RunAsync(string job, string[] settings, int[] onnx, int[] torch)
    {
        using var folder = new TemporaryFolder();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var mosquitto = await Mosquitto.StartAsync();
        var (code, json, error) = await Command.CallAsync(["job", "json", job, .. Command.Set(settings)]);
        Assert.True(code == ExitCode.Ok, error);
        await File.WriteAllTextAsync(folder["job.json"], json, bound.Token);

        string[] common = ["run", folder["job.json"], "--broker", $"mqtt://127.0.0.1:{mosquitto.Port}"];
        await using var tool = WorkerProcess.Start([.. common, "--out", folder["tool"], .. Workers(onnx), "--worker", "aggregator_0"]);
        if (torch.Length > 0)
        {
            await using var device = RunningProgram.Start(TorchAgent(), [.. common, "--out", folder["device"], .. Workers(torch), "--runtime", "torch"]);
            AssertOk(await device.EndAsync(bound.Token));
        }

        AssertOk(await tool.EndAsync(bound.Token));
        var result = JobResult.Read(folder["tool", "result.json"]);
        Assert.All(result.Rounds, round => Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));
        return result;
    }

    private static void AssertOk((int Code, string Output, string Error) end) => Assert.True(end.Code == ExitCode.Ok, end.Error + end.Output);

    private static IEnumerable<string> Workers(int[] trainers) => trainers.SelectMany(index => new[] { "--worker", $"trainer_{index}" });

    // Built with the solution, in the configuration of the tests: half a gigabyte that nobody wants to have twice.
    private static string TorchAgent()
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)))!; // bin/Release/net10.0
        var program = Command.Repository("src", "FlameEdge.Agent.Torch", "bin", configuration, "net10.0", "flame-edge-agent-torch.dll");
        return File.Exists(program) ? program : throw new InvalidOperationException($"{program} is missing: build the solution first");
    }
}
