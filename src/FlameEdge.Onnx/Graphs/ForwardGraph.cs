using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>A forward model whose wiring was checked: every value has one maker and is made before it is read.</summary>
internal sealed class ForwardGraph
{
    // Each round settles the shapes that the round before made known; deeper chains stay open.
    private const int MaxRounds = 32;

    private readonly Dictionary<string, TensorProto> _initializers;
    private readonly Dictionary<string, NodeProto> _constants;

    /// <summary>Checks and owns <paramref name="model"/>; <paramref name="name"/> is what messages call it.</summary>
    /// <exception cref="ModelMismatchException">A value is read that nobody makes, is made twice, or the nodes go in a circle.</exception>
    public ForwardGraph(ModelProto model, string name)
    {
        Model = model;
        Name = name;
        _initializers = Index(model.Graph, name);
        _constants = model.Graph.Node.Where(node => node.OpType == "Constant" && node.Output.Count == 1)
            .DistinctBy(node => node.Output[0], StringComparer.Ordinal)
            .ToDictionary(node => node.Output[0], StringComparer.Ordinal);

        // Old files list their parameters among the inputs as well; only the rest is data.
        foreach (var input in model.Graph.Input.Where(input => Initializers.ContainsKey(input.Name)).ToList())
        {
            model.Graph.Input.Remove(input);
        }

        CheckWiring();
    }

    /// <summary>What messages call the model.</summary>
    public string Name { get; }

    /// <summary>The model, operator set 17 or newer.</summary>
    public ModelProto Model { get; }

    /// <summary>The model's graph; its nodes are in an order in which they can run.</summary>
    public GraphProto Graph => Model.Graph;

    /// <summary>The tensors stored in the model.</summary>
    public IReadOnlyDictionary<string, TensorProto> Initializers => _initializers;

    /// <summary>The outputs that a loss may read: a file made for training shows running statistics as well, which no gradient moves.</summary>
    public IReadOnlyList<ValueInfoProto> Answers
    {
        get
        {
            var statistics = Graph.Node.Where(node => node.OpType == "BatchNormalization").SelectMany(node => node.Output.Skip(1)).ToHashSet(StringComparer.Ordinal);
            return [.. Graph.Output.Where(output => !statistics.Contains(output.Name))];
        }
    }

    /// <summary>Types and shapes of its values, inferred when first asked for; sizes of inputs must be settled before.</summary>
    /// <exception cref="ModelMismatchException">The runtime found an operator, a type or a size that does not fit.</exception>
    public ValueTypes Types => field ??= Infer();

    /// <summary>The value of <paramref name="name"/> where the model states it, as an initializer or a Constant node; else null.</summary>
    public TensorProto? ConstantOf(string name) => Initializers.GetValueOrDefault(name)
        ?? (_constants.GetValueOrDefault(name) is { } node ? Tensors.Of(node) : null);

    /// <summary>A copy of the model in which the tensors named in <paramref name="names"/> are inputs instead of constants.</summary>
    /// <remarks>As inputs they may change from run to run, and the runtime cannot fold them into anything.</remarks>
    public ModelProto WithInputs(IReadOnlyCollection<string> names)
    {
        var model = Model.Clone();
        foreach (var tensor in model.Graph.Initializer.Where(tensor => names.Contains(tensor.Name)).ToList())
        {
            model.Graph.Initializer.Remove(tensor);
            model.Graph.Input.Add(GraphWriter.ValueInfo(tensor.Name, (TensorProto.Types.DataType)tensor.DataType, tensor.Dims.Cast<object>()));
        }

        return model;
    }

    /// <summary>Adds a constant list of integers and returns its name.</summary>
    public string Store(long[] values)
    {
        var name = new GraphWriter(Graph).Integers(values).Name;
        _initializers.Add(name, Graph.Initializer[^1]);
        return name;
    }

    private ValueTypes Infer()
    {
        var types = new ValueTypes(this);
        for (var round = 0; round < MaxRounds && ComputedShapes.Settle(this, types); round++)
        {
            types = new ValueTypes(this);
        }

        SizeLimits.Check(this, types);
        return types;
    }

    private static Dictionary<string, TensorProto> Index(GraphProto graph, string name)
    {
        var initializers = new Dictionary<string, TensorProto>(StringComparer.Ordinal);
        foreach (var tensor in graph.Initializer)
        {
            if (!initializers.TryAdd(tensor.Name, tensor))
            {
                throw new ModelMismatchException($"{name}: the tensor '{tensor.Name}' is stored twice");
            }
        }

        return initializers;
    }

    private void CheckWiring()
    {
        var known = new HashSet<string>(Initializers.Keys, StringComparer.Ordinal);
        foreach (var input in Graph.Input)
        {
            Make(input.Name);
        }

        var later = Graph.Node.SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        foreach (var node in Graph.Node)
        {
            foreach (var input in node.Input.Where(input => input.Length > 0 && !known.Contains(input)))
            {
                throw new ModelMismatchException(later.Contains(input)
                    ? $"{Name}: {node.OpType} '{node.Name}' reads '{input}', which is only made after it: the nodes go in a circle or are out of order"
                    : $"{Name}: {node.OpType} '{node.Name}' reads '{input}', which nobody makes");
            }

            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                Make(output);
            }
        }

        foreach (var output in Graph.Output.Where(output => !known.Contains(output.Name)))
        {
            throw new ModelMismatchException($"{Name}: the output '{output.Name}' is made by nobody");
        }

        void Make(string value)
        {
            if (!known.Add(value))
            {
                throw new ModelMismatchException($"{Name}: the value '{value}' is made twice");
            }
        }
    }
}
