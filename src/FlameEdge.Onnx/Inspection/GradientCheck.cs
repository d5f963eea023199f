using System.Numerics.Tensors;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Training;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Inspection;

/// <summary>Compares the gradients that training would use with what the model really does: every tensor is moved a little to both sides, and the slope is measured.</summary>
/// <remarks>
/// The loss is Σ output × a random weight, so that any model can be checked without data. Single precision and kinks (rectifiers, maxima) blur a measured slope; a
/// wrong gradient is wrong at every distance, so the best of several distances counts.
/// </remarks>
public sealed class GradientCheck : IDisposable
{
    /// <summary>A slope that differs by more than this share is wrong; what single precision and kinks alone do stays below.</summary>
    public const double Tolerance = 0.05;

    private const ulong Seed = 1;
    private static readonly double[] s_distances = [0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4];

    private readonly PortableRandom _random = new(Seed);
    private readonly List<string> _trainables = [];
    private readonly List<(string Name, string Gradient)> _gradients = [];
    private readonly CheckRun _forward;
    private readonly CheckRun _backward;
    private readonly Dictionary<string, OrtValue> _weights = new(StringComparer.Ordinal);
    private readonly List<string> _outputs;
    private readonly string _name;

    private GradientCheck(ForwardGraph graph, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes)
    {
        _name = graph.Name;
        _trainables.AddRange(TrainableTensors.Of(graph));
        if (_trainables.Count == 0)
        {
            throw new ModelMismatchException($"{graph.Name} stores no weights that could be trained");
        }

        _outputs = [.. graph.Answers.Select(output => output.Name).Where(output => graph.Types.ElementsOf(output) == TensorElementType.Float)];
        var seeds = _outputs.Select(output => (output, WeightOf(output))).ToList();
        var backward = new BackwardGraph(graph, _trainables, new ProjectionLoss(seeds));
        var forward = Only(_outputs, backward.Model);
        foreach (var name in _trainables)
        {
            if (backward.GradientOf(name) is { } gradient)
            {
                _gradients.Add((name, backward.Writer.Output(gradient, name + ".gradient")));
            }
        }

        var weights = seeds.Select(seed => seed.Item2).ToHashSet(StringComparer.Ordinal);
        var values = new CheckValues(graph, shapes, _random, weights);
        _forward = new CheckRun(forward, graph.Name, values.For(forward));
        var shapesOut = _forward.Run();
        if (shapesOut.Values.Any(output => !TensorPrimitives.IsFiniteAll<float>(output.Values)))
        {
            // A root or a logarithm: once more on its own ground.
            values.MakePositive();
            values.Redraw(_forward);
            shapesOut = _forward.Run();
        }

        foreach (var (output, weight) in seeds)
        {
            _weights.Add(weight, CheckValues.Normal(_random, shapesOut[output].Shape));
        }

        _backward = new CheckRun(backward.Model, graph.Name, values.For(backward.Model).Concat(_weights.Select(pair => (pair.Key, pair.Value))));
    }

    /// <summary>Checks the file at <paramref name="path"/>.</summary>
    /// <param name="path">A forward ONNX model.</param>
    /// <param name="shapes">Sizes of inputs by name, where the file leaves them open and 4 rows (8 along other axes) will not do.</param>
    /// <exception cref="ModelMismatchException">The file cannot be understood, trained or run.</exception>
    public static IReadOnlyList<SlopeReport> Of(string path, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes)
    {
        using var check = new GradientCheck(new ForwardGraph(ModelFile.Read(path), Path.GetFileName(path)), shapes);
        return check.Compare();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _forward.Dispose();
        _backward.Dispose();
        foreach (var weight in _weights.Values)
        {
            weight.Dispose();
        }
    }

    // A name that no exporter gives.
    private static string WeightOf(string output) => $"weight of {output} in the check";

    // The part of a model that makes some of its values; the runtime would run the rest as well.
    private static ModelProto Only(IReadOnlyList<string> outputs, ModelProto model)
    {
        var part = model.Clone();
        var needed = outputs.ToHashSet(StringComparer.Ordinal);
        var nodes = new List<NodeProto>();
        foreach (var node in part.Graph.Node.Reverse().Where(node => node.Output.Any(needed.Contains)))
        {
            nodes.Insert(0, node);
            needed.UnionWith(node.Input);
        }

        part.Graph.Node.Clear();
        part.Graph.Node.AddRange(nodes);
        part.Graph.Output.Clear();
        part.Graph.Output.AddRange(outputs.Select(output => new ValueInfoProto { Name = output }));
        foreach (var idle in part.Graph.Input.Where(input => !needed.Contains(input.Name)).ToList())
        {
            part.Graph.Input.Remove(idle);
        }

        return part;
    }

    private List<SlopeReport> Compare()
    {
        var gradients = _backward.Run();
        var slopes = new List<(string Name, double Computed, double[] Measured)>();
        foreach (var (name, output) in _gradients)
        {
            var gradient = gradients[output].Values;
            var direction = Direction(gradient);
            slopes.Add((name, TensorPrimitives.Dot(gradient, direction), [.. s_distances.Select(distance => SlopeAlong(name, direction, distance))]));
        }

        if (slopes.FirstOrDefault(slope => !double.IsFinite(slope.Computed)).Name is { } broken)
        {
            throw new ModelMismatchException($"{_name}: the gradient of '{broken}' is not finite on drawn values; the model is made for others");
        }

        // As a share of the steepest slope: where nothing moves, rounding is all there is to measure.
        var floor = 0.01 * slopes.Max(slope => Math.Abs(slope.Computed));
        var reports = slopes.Select(slope =>
        {
            var best = slope.Measured.MinBy(measured => double.IsFinite(measured) ? Math.Abs(measured - slope.Computed) : double.MaxValue);
            var error = Math.Abs(best - slope.Computed) / Math.Max(Math.Max(Math.Abs(slope.Computed), floor), 1e-12);
            return new SlopeReport(slope.Name, slope.Computed, best, error);
        });
        return [.. reports, .. _trainables.Except(_gradients.Select(gradient => gradient.Name)).Select(name => new SlopeReport(name, 0, 0, 0))];
    }

    // Along the gradient and, as far again, along chance: an error across it shows as well.
    private float[] Direction(float[] gradient)
    {
        var chance = new float[gradient.Length];
        foreach (ref var value in chance.AsSpan())
        {
            value = (float)_random.Normal();
        }

        Normalize(chance);
        var direction = gradient.ToArray();
        Normalize(direction);
        TensorPrimitives.Add(direction, chance, direction);
        Normalize(direction);
        return direction;
    }

    private static void Normalize(Span<float> values)
    {
        var norm = TensorPrimitives.Norm<float>(values);
        if (norm > 0)
        {
            TensorPrimitives.Divide(values, norm, values);
        }
    }

    private double SlopeAlong(string name, float[] direction, double distance)
    {
        var values = _forward.ValuesOf(name);
        var before = values.ToArray();
        var step = distance * Math.Max(TensorPrimitives.Norm<float>(before), 1) / Math.Sqrt(before.Length);
        Move(+step);
        var above = _forward.Run();
        Move(-step);
        var below = _forward.Run();
        before.CopyTo(values);

        var difference = 0.0;
        foreach (var output in _outputs)
        {
            var weights = _weights[WeightOf(output)].GetTensorDataAsSpan<float>();
            var (high, low) = (above[output].Values, below[output].Values);
            for (var i = 0; i < high.Length; i++)
            {
                difference += weights[i] * ((double)high[i] - low[i]);
            }
        }

        return difference / (2 * step);

        void Move(double by)
        {
            var moved = _forward.ValuesOf(name);
            for (var i = 0; i < moved.Length; i++)
            {
                moved[i] = (float)(before[i] + (by * direction[i]));
            }
        }
    }
}

/// <summary>How steeply the loss rises along a direction in the space of one tensor.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="Computed">By the gradient; 0 where none reaches the tensor.</param>
/// <param name="Measured">By moving the tensor.</param>
/// <param name="Error">Their difference as a share of the computed slope, or of 1 % of the model's steepest one where that is more.</param>
public sealed record SlopeReport(string Name, double Computed, double Measured, double Error)
{
    /// <summary>True where the two agree.</summary>
    public bool IsRight => Error <= GradientCheck.Tolerance;
}
