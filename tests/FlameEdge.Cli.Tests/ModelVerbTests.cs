using System.Text.Json;
using FlameEdge.Cli.Tests.BadInput;
using FlameEdge.Testing;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Cli.Tests;

/// <summary>What people learn of a model before and after training it.</summary>
public class ModelVerbTests : Tool
{
    // Exported by PyTorch; samples/fine-tune-onnx says how.
    private static readonly string Foreign = Path.Combine(SharedData.RepositoryRoot, "samples", "fine-tune-onnx", "bearing-net.onnx");

    [Fact]
    public async Task Inspect_tells_what_a_foreign_model_holds()
    {
        var (exit, output, _) = await RunAsync("model", "inspect", Foreign, "--format", "json");

        Assert.Equal(ExitCode.Ok, exit);
        var report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(13, report.GetProperty("opset").GetInt32());
        Assert.Equal(2612, report.GetProperty("trainable").GetInt32());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("obstacle").ValueKind);
        var tensors = report.GetProperty("nodes").EnumerateArray().SelectMany(node => node.GetProperty("tensors").EnumerateArray()).ToList();
        Assert.Equal(16, tensors.Count(tensor => tensor.GetProperty("use").GetString() == "trained"));
        Assert.Equal([32, 16], tensors.First(tensor => tensor.GetProperty("name").GetString() == "block1.up.weight").GetProperty("shape").EnumerateArray().Select(size => size.GetInt32()));
    }

    [Fact]
    public async Task Inspect_names_every_node_in_the_way()
    {
        var path = Path.Combine(Folder, "odd.onnx");
        await File.WriteAllBytesAsync(path, OnnxBytes.Classifier(2, "Frobnicate", "Cumulate"), TestContext.Current.CancellationToken);

        var (exit, output, _) = await RunAsync("model", "inspect", path);

        Assert.Equal(ExitCode.Ok, exit);
        Assert.Contains("no gradient rule for Frobnicate", output, StringComparison.Ordinal);
        Assert.Contains("Cumulate", output.Split('\n').Last(line => line.Contains("no gradient rule", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_finds_the_gradients_of_a_foreign_model_right()
    {
        var (exit, output, _) = await RunAsync("model", "check", Foreign, "--format", "json");

        Assert.Equal(ExitCode.Ok, exit);
        var report = JsonDocument.Parse(output).RootElement;
        Assert.True(report.GetProperty("isRight").GetBoolean());
        Assert.Equal(16, report.GetProperty("tensors").GetArrayLength());
        Assert.All(report.GetProperty("tensors").EnumerateArray(), tensor => Assert.InRange(tensor.GetProperty("error").GetDouble(), 0, 0.01));
    }

    [Fact]
    public async Task Export_writes_what_a_run_learned_for_any_runtime()
    {
        var job = Path.Combine(SharedData.RepositoryRoot, "samples", "fine-tune-onnx", "job.yaml");
        var run = Path.Combine(Folder, "run");
        Assert.Equal(ExitCode.Ok, (await RunAsync("run", job, "--set", "rounds.count=1", "--out", run)).Exit);
        var exported = Path.Combine(Folder, "later", "exported.onnx");

        var (exit, output, error) = await RunAsync("model", "export", job, "--parameters", Path.Combine(run, "model.parameters"), "--output", exported);

        Assert.True(exit == ExitCode.Ok, error);
        Assert.Contains(exported, output, StringComparison.Ordinal);
        Assert.Equal(Logits(Path.Combine(run, "model.onnx")), Logits(exported));
        Assert.NotEqual(Logits(Foreign), Logits(exported));
    }

    [Theory]
    [InlineData("inspect", "model file")]
    [InlineData("check", "model file")]
    public async Task A_missing_file_is_refused(string verb, string words) =>
        (await Outcome.OfAsync("model", verb, Path.Combine(Folder, "none.onnx"))).IsRefusal(ExitCode.BadData, words, "none.onnx");

    [Fact]
    public async Task Values_of_another_model_are_refused()
    {
        var job = Path.Combine(SharedData.RepositoryRoot, "samples", "fine-tune-onnx", "job.yaml");
        (await Outcome.OfAsync("model", "export", job, "--parameters", Foreign, "--output", Path.Combine(Folder, "x.onnx")))
            .IsRefusal(ExitCode.BadData, "--parameters", "model.parameters");
        Assert.False(File.Exists(Path.Combine(Folder, "x.onnx")));
    }

    private static float[] Logits(string path)
    {
        using var session = new InferenceSession(path);
        using var input = OrtValue.CreateTensorValueFromMemory(Enumerable.Range(0, 40).Select(index => index / 40f).ToArray(), [2, 20]);
        using var options = new RunOptions();
        using var outputs = session.Run(options, new Dictionary<string, OrtValue> { [session.InputNames[0]] = input }, session.OutputNames);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
