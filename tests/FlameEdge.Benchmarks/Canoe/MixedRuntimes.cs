using System.Globalization;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;
using FlameEdge.Models.Declared;
using FlameEdge.Onnx;
using FlameEdge.Topology;
using FlameEdge.Torch;

namespace FlameEdge.Benchmarks.Canoe;

/// <summary>What it costs that helper and target run on different engines, with different layers and starts: batches to target on one dataset's W1, beside one engine and architecture for all.</summary>
internal static class MixedRuntimes
{
    private static readonly string[] s_methods = ["canoe", "canoe_other_architecture", "canoe:onnx>onnx", "canoe:torch>torch", "canoe:torch>onnx", "canoe:onnx>torch"];

    /// <summary>Writes a table; 0 where mixed engines reach 70 % of the speed of one.</summary>
    public static int Run(TextWriter output, string streams, string data, string dataset)
    {
        using var bands = new BandTable(streams);
        var bench = new StreamBench(streams, data)
        {
            Engines = new Dictionary<string, SiteEngine> { ["onnx"] = drawn => On(new OnnxEngine(), drawn), ["torch"] = drawn => On(new TorchEngine(), drawn) },
        };
        output.WriteLine("| method | batches per seed | median × / means × | area 1–30 | worst seed | payload bytes |");
        output.WriteLine("|---|---|---|---|---|---|");
        var figures = bench.Run(dataset, "W1", s_methods, bands.IsolatedRate(dataset));
        foreach (var row in figures)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {row.Method} | {string.Join(' ', row.Batches)} | {row.MedianRatio:0.0} / {row.RatioOfMeans:0.0} | {row.Area.Method:0.000} | {row.WorstSeed:+0.000;-0.000;0.000} | {row.PayloadBytes:0} |"));
        }

        return figures.Skip(4).All(row => row.RatioOfMeans >= 0.7 * figures[0].RatioOfMeans) ? 0 : 1;
    }

    private static TrainerModel On(IEngine engine, DenseNetwork drawn)
    {
        var spec = new ModelSpec { Kind = "mlp", Hidden = [.. drawn.Layers.SkipLast(1).Select(layer => layer.Outputs)], Activation = "relu" };
        var training = new TrainingSpec { LearningRate = drawn.LearningRate, Momentum = drawn.Momentum, WeightDecay = drawn.WeightDecay, Threads = 1 };
        var trainer = engine.Open(spec, [drawn.FeatureCount], drawn.ClassCount, training);
        var model = TrainerModel.Of(trainer, DeclaredModel.Of(spec, [drawn.FeatureCount], drawn.ClassCount), (float)training.LearningRate);
        model.Load(drawn.Parameters);
        return model;
    }
}
