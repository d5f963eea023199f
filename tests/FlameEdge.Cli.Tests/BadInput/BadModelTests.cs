namespace FlameEdge.Cli.Tests.BadInput;

public class BadModelTests
{
    private static readonly BadCase[] Cases =
    [
        new("a missing file", bench => With(bench, null), [], ExitCode.BadData, "model.onnx", "cannot be read"),
        new("an empty file", bench => With(bench, []), [], ExitCode.BadData, "model.onnx", "there is no graph in it"),
        new("no model at all", bench => With(bench, "a,b,y\n1,2,0\n"u8.ToArray()), [], ExitCode.BadData, "model.onnx", "not an ONNX file"),
        new("a truncated file", bench => With(bench, OnnxBytes.Classifier()[..^30]), [], ExitCode.BadData, "model.onnx", "cut short"),
        new("operators nobody can differentiate", bench => With(bench, OnnxBytes.Classifier(2, "LpNormalization", "ReduceProd")), [], ExitCode.BadData, "model.onnx", "LpNormalization 'lpnormalization-0'", "ReduceProd 'reduceprod-1'"),
        new("samples of another shape", bench => With(bench, OnnxBytes.Classifier(3)), [], ExitCode.BadData, "model.onnx", "samples are [2]", "takes [3]"),
        new("probabilities for logits", bench => With(bench, OnnxBytes.Classifier(2, "Softmax")), [], ExitCode.BadData, "model.onnx", "probabilities", "without its last Softmax"),
    ];

    public static TheoryData<string> Rows => [.. Cases.Select(one => one.What)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Is_refused_in_one_line(string what) => Cases.Single(one => one.What == what).CheckAsync();

    [Fact]
    public async Task A_sound_model_by_hand_is_taken()
    {
        using var bench = new Bench();
        With(bench, OnnxBytes.Classifier(2, "Tanh"));

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json");

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
    }

    private static void With(Bench bench, byte[]? model)
    {
        bench.UseSource("format: csv, path: rows.csv, label: y", "{ kind: onnx, path: model.onnx }");
        bench.Write("rows.csv", Bench.Csv());
        if (model is not null)
        {
            bench.Write("model.onnx", model);
        }
    }
}
