using System.Text.Json;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests.Golden;

/// <summary>One folder of <c>golden/onnx-gradients</c>; its README says what the files mean.</summary>
internal sealed class GoldenCase
{
    private GoldenCase(string folder)
    {
        Name = Path.GetFileName(folder);
        ModelPath = Path.Combine(folder, "model.onnx");
        Json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json"))).RootElement;
        Inputs = GoldenTensor.Read(Json.GetProperty("inputs"), Path.Combine(folder, "inputs.bin"));
        Labels = GoldenTensor.Read(Json.GetProperty("labels"), Path.Combine(folder, "labels.bin"));
        if (IsRefusal)
        {
            return;
        }

        Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))).RootElement;
        Values = GoldenTensor.Read(Expected.GetProperty("tensors"), Path.Combine(folder, "expected.bin"));
    }

    public string Name { get; }

    public string ModelPath { get; }

    public JsonElement Json { get; }

    public JsonElement Expected { get; }

    public List<GoldenTensor> Inputs { get; }

    public List<GoldenTensor> Labels { get; }

    public List<GoldenTensor> Values { get; } = [];

    public bool IsRefusal => Json.GetProperty("expect").GetString() == "refuse";

    public string LossKind => Json.GetProperty("loss").GetProperty("kind").GetString()!;

    public List<string> Trainables => [.. Json.GetProperty("trainable").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)];

    public Dictionary<string, string> BufferOutputs => Json.TryGetProperty("buffer_outputs", out var outputs)
        ? outputs.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!)
        : [];

    public List<string> Outputs => [.. Json.GetProperty("outputs").EnumerateArray().Select(entry => entry.GetString()!)];

    public int? PartialRows => Json.TryGetProperty("partial_batch", out var partial) ? partial.GetProperty("rows").GetInt32() : null;

    public static IEnumerable<string> Names(bool refusals) => SharedData.IsAbsent
        ? []
        : Directory.EnumerateDirectories(SharedData.Path("golden", "onnx-gradients"))
            .Select(folder => Path.GetFileName(folder))
            .Where(name => name.StartsWith("refuse-", StringComparison.Ordinal) == refusals)
            .Order(StringComparer.Ordinal);

    public static GoldenCase Open(string name) => new(SharedData.Path("golden", "onnx-gradients", name));

    public ForwardGraph Forward() => new(ModelFile.Read(ModelPath), Name);

    /// <summary>The operators of the file, read without the checks of the product.</summary>
    public List<NodeProto> Nodes() => [.. ModelProto.Parser.ParseFrom(File.ReadAllBytes(ModelPath)).Graph.Node];

    public double Tolerance(string kind) => Json.GetProperty("tolerance").GetProperty(kind).GetDouble();

    /// <summary>The loss of the case.</summary>
    public ILoss Loss()
    {
        var loss = Json.GetProperty("loss");
        return LossKind switch
        {
            "dot" => new ProjectionLoss([.. loss.GetProperty("terms").EnumerateArray().Select(term => (term[0].GetString()!, term[1].GetString()!))]),
            "cross_entropy_mean" => new CrossEntropyLoss(Text("output"), Target.Classes(Text("label"))),
            "soft_cross_entropy_mean" => new CrossEntropyLoss(Text("output"), Target.Values(Text("target"))),
            "bce_with_logits_mean" => new BinaryCrossEntropyLoss(Text("output"), Target.Values(Text("target"))),
            "mse_mean" => new MeanSquaredLoss(Text("output"), Target.Values(Text("target"))),
            "huber_mean" => new HuberLoss(Text("output"), Target.Values(Text("target")), loss.GetProperty("delta").GetSingle()),
            "distillation" => new DistillationLoss(
                Text("output"), Text("label"), Text("teacher_logits"), loss.GetProperty("temperature").GetSingle(), loss.GetProperty("alpha").GetSingle()),
            var kind => throw new InvalidOperationException($"the golden loss {kind} is unknown"),
        };

        string Text(string key) => loss.GetProperty(key).GetString()!;
    }

    /// <summary>The rule of the case's optimizer <paramref name="name"/>: sgd, adam or adamw.</summary>
    public StepRule Rule(string name)
    {
        var settings = Json.GetProperty("optimizers").GetProperty(name);
        return StepRule.Of(new TrainingSpec
        {
            Optimizer = name switch { "sgd" => OptimizerKind.Sgd, "adam" => OptimizerKind.Adam, _ => OptimizerKind.AdamW },
            LearningRate = Number("lr", 0),
            Momentum = Number("momentum", 0),
            WeightDecay = Number("weight_decay", 0),
            Beta1 = Number("beta1", 0.9),
            Beta2 = Number("beta2", 0.999),
            Epsilon = Number("epsilon", 1e-8),
        });

        double Number(string key, double otherwise) => settings.TryGetProperty(key, out var value) ? value.GetDouble() : otherwise;
    }
}
