using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Onnx.Training;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Tests.Golden;

/// <summary>Runs a golden case: once for loss, outputs and gradients, and step by step with the real training session.</summary>
internal static class GradientRun
{
    public static (double Loss, Dictionary<string, float[]> Outputs, Dictionary<string, float[]> Gradients) Once(GoldenCase golden, int? rows = null)
    {
        var backward = new BackwardGraph(golden.Forward(), golden.Trainables, golden.Loss());
        var loss = backward.Writer.Output(backward.Loss, "loss");
        var outputs = golden.Outputs.Concat(golden.BufferOutputs.Values).ToDictionary(name => name, name => backward.Writer.Output(backward.Writer.Existing(name), $"{name}.copy"));
        var gradients = golden.Trainables
            .Where(name => backward.GradientOf(name) is not null)
            .ToDictionary(name => name, name => backward.Writer.Output(backward.GradientOf(name)!.Value, $"{name}.gradient"));

        using var session = Sessions.Open(backward.Model.ToByteArray(), golden.Name, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using var options = new RunOptions();
        var data = golden.Inputs.Concat(golden.Labels).Select(tensor => rows is { } count ? tensor.Rows(count) : tensor)
            .ToDictionary(tensor => tensor.Name, tensor => tensor.ToOrtValue());
        foreach (var tensor in backward.Trainables.Concat(backward.Form.Buffers.Select(buffer => backward.Form.Graph.Initializers[buffer.Name])))
        {
            var value = OrtValue.CreateTensorValueFromMemory(Tensors.Floats(tensor), [.. tensor.Dims]);
            data.Add(tensor.Name, value);
        }

        string[] names = [loss, .. outputs.Values, .. gradients.Values];
        using var results = session.Run(options, data, names);
        var values = names.Zip(results, (name, value) => (name, Values: value.GetTensorDataAsSpan<float>().ToArray()))
            .ToDictionary(pair => pair.name, pair => pair.Values);
        foreach (var value in data.Values)
        {
            value.Dispose();
        }

        return (
            values[loss][0],
            outputs.ToDictionary(pair => pair.Key, pair => values[pair.Value]),
            golden.Trainables.ToDictionary(name => name, name => gradients.TryGetValue(name, out var output)
                ? values[output]
                : new float[Initial(golden)[name].Length]));
    }

    /// <summary>Losses before each of five steps of <paramref name="optimizer"/> and after the last, with the parameters and buffers after each step.</summary>
    public static (List<double> Losses, Dictionary<int, Dictionary<string, float[]>> Parameters) Steps(GoldenCase golden, string optimizer)
    {
        var graph = new TrainingGraph(golden.Forward(), golden.Trainables, golden.Loss(), golden.Rule(optimizer));
        using var state = new StateBuffers(graph.ToLayout(), graph.Rule);
        using var session = new StepSession(graph, state, golden.Name, 1);

        var data = golden.Inputs.Concat(golden.Labels).ToDictionary(tensor => tensor.Name, tensor => tensor.ToOrtValue());
        foreach (var (name, value) in data)
        {
            session.Bind(name, value);
        }

        var stored = golden.Forward().Initializers;
        foreach (var entry in state.Layout.Entries)
        {
            Tensors.Floats(stored[entry.Name]).CopyTo(state.Parameters[entry.Offset..]);
        }

        var losses = new List<double>();
        var parameters = new Dictionary<int, Dictionary<string, float[]>>();
        for (var step = 1; step <= 6; step++)
        {
            losses.Add(session.Step());
            var now = state.Parameters;
            var copy = state.Layout.Entries.ToDictionary(entry => entry.Name, _ => Array.Empty<float>());
            foreach (var entry in state.Layout.Entries)
            {
                copy[entry.Name] = now.Slice(entry.Offset, entry.Length).ToArray();
            }

            parameters.Add(step, copy);
        }

        foreach (var value in data.Values)
        {
            value.Dispose();
        }

        return (losses, parameters);
    }

    public static Dictionary<string, float[]> Initial(GoldenCase golden) =>
        golden.Forward().Initializers.Values.Where(tensor => golden.Trainables.Contains(tensor.Name))
            .ToDictionary(tensor => tensor.Name, Tensors.Floats);
}
