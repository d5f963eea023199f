using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Gradients;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Training;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Inspection;

/// <summary>Looks at a forward ONNX file without running it.</summary>
public static class ModelInspection
{
    /// <summary>Reports on the file at <paramref name="path"/>; a model that cannot be trained is reported as well, with what is in the way.</summary>
    /// <exception cref="ModelMismatchException">There is no such file, or it is not a model that can be understood.</exception>
    public static ModelReport Of(string path)
    {
        var graph = new ForwardGraph(ModelFile.Read(path), Path.GetFileName(path));
        var trainables = TrainableTensors.Of(graph);
        var buffers = Buffers(graph);
        var obstacle = Obstacle(graph, trainables);
        var types = TypesOf(graph, ref obstacle);
        var nodes = Nodes(graph, trainables, buffers, types);
        return new ModelReport
        {
            Name = graph.Name,
            Producer = graph.Model.ProducerName,
            Opset = ModelFile.OpsetOf(path),
            Inputs = [.. graph.Graph.Input.Select(ValueOf)],
            Outputs = [.. graph.Graph.Output.Select(output => types?.Of(output.Name) is { } type ? new ValueReport(output.Name, $"{type.Type}".ToLowerInvariant(), Text(type)) : ValueOf(output))],
            Nodes = nodes,
            Trainable = Count(nodes, TensorUse.Trained),
            Buffers = Count(nodes, TensorUse.Buffer),
            Constant = Count(nodes, TensorUse.Constant),
            Obstacle = obstacle,
        };
    }

    private static string? Obstacle(ForwardGraph graph, IReadOnlyList<string> trainables)
    {
        if (trainables.Count == 0)
        {
            return $"{graph.Name} stores no weights that could be trained";
        }

        try
        {
            _ = new BackwardGraph(graph, trainables, new ProjectionLoss([.. graph.Answers.Select(output => (output.Name, output.Name + ".weight"))]));
            return null;
        }
        catch (ModelMismatchException refusal)
        {
            return refusal.Message;
        }
    }

    // Where the runtime takes no part of the graph, names and operators are still worth showing.
    private static ValueTypes? TypesOf(ForwardGraph graph, ref string? obstacle)
    {
        try
        {
            return graph.Types;
        }
        catch (ModelMismatchException refusal)
        {
            obstacle ??= refusal.Message;
            return null;
        }
    }

    private static List<NodeReport> Nodes(ForwardGraph graph, IReadOnlyList<string> trainables, HashSet<string> buffers, ValueTypes? types)
    {
        var learned = trainables.ToHashSet(StringComparer.Ordinal);
        var reached = trainables.ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var reports = new List<NodeReport>();
        foreach (var node in graph.Graph.Node)
        {
            var tensors = node.Input.Where(input => graph.Initializers.ContainsKey(input) && seen.Add(input)).Select(input => graph.Initializers[input]);
            var gradient = SupportOf(node, reached);
            if (gradient is GradientSupport.Yes or GradientSupport.Missing)
            {
                reached.UnionWith(node.Output);
            }

            reports.Add(new NodeReport(
                node.Name.Length > 0 ? node.Name : node.Output[0],
                node.OpType,
                types?.Of(node.Output[0]) is { } type ? Text(type) : null,
                [.. tensors.Select(tensor => new TensorReport(tensor.Name, [.. tensor.Dims], UseOf(tensor, learned, buffers)))],
                gradient));
        }

        return reports;
    }

    private static GradientSupport SupportOf(NodeProto node, HashSet<string> reached) => GradientRules.Find(node.OpType) switch
    {
        _ when !node.Input.Any(reached.Contains) => GradientSupport.NotNeeded,
        null => GradientSupport.Missing,
        { Differentiate: null } => GradientSupport.Stops,
        _ => GradientSupport.Yes,
    };

    private static TensorUse UseOf(TensorProto tensor, HashSet<string> learned, HashSet<string> buffers) =>
        learned.Contains(tensor.Name) ? TensorUse.Trained : buffers.Contains(tensor.Name) ? TensorUse.Buffer : TensorUse.Constant;

    private static HashSet<string> Buffers(ForwardGraph graph) =>
    [
        .. graph.Graph.Node.Where(node => node.OpType == "BatchNormalization" && node.Int("training_mode", 0) != 0).SelectMany(node => node.Input.Skip(3)),
    ];

    private static long Count(List<NodeReport> nodes, TensorUse use) =>
        nodes.SelectMany(node => node.Tensors).Where(tensor => tensor.Use == use).Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size));

    private static ValueReport ValueOf(ValueInfoProto value)
    {
        var type = value.Type?.TensorType;
        return new ValueReport(
            value.Name,
            type is null ? "?" : $"{(DataType)type.ElemType}".ToLowerInvariant(),
            [.. type?.Shape?.Dim.Select(size => size.HasDimValue ? $"{size.DimValue}" : size.HasDimParam && size.DimParam.Length > 0 ? size.DimParam : "?") ?? []]);
    }

    private static List<string> Text(TensorInfo type) => [.. type.Dimensions.Select((size, axis) => size >= 0 ? $"{size}" : type.Symbols[axis] is { Length: > 0 } symbol ? symbol : "?")];
}
