using System.Globalization;
using FlameEdge.Onnx.Format;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Appends nodes, constants and inputs to a graph under names that nothing in it has yet.</summary>
internal sealed class GraphWriter
{
    private readonly GraphProto _graph;
    private readonly HashSet<string> _names;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _constants = new(StringComparer.Ordinal);

    public GraphWriter(GraphProto graph)
    {
        _graph = graph;
        _names = graph.Initializer.Select(tensor => tensor.Name)
            .Concat(graph.Input.Select(input => input.Name))
            .Concat(graph.Node.SelectMany(node => node.Output.Append(node.Name)))
            .ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The value that the graph already calls <paramref name="name"/>.</summary>
    public Value Existing(string name) => new(this, name);

    /// <summary>Appends a node with one output.</summary>
    public Value Op(string type, params ReadOnlySpan<Value> inputs) => Op(type, inputs, []);

    /// <summary>Appends a node with one output and attributes.</summary>
    public Value Op(string type, ReadOnlySpan<Value> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Op(type, 1, inputs, attributes)[0];

    /// <summary>Appends a node with <paramref name="outputs"/> outputs and attributes.</summary>
    public Value[] Op(string type, int outputs, ReadOnlySpan<Value> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = type, Name = Fresh(type) };
        foreach (var input in inputs)
        {
            node.Input.Add(input.Name ?? "");
        }

        // Optional inputs that are left out at the end are not said at all: older operators do not know them.
        while (node.Input.Count > 0 && node.Input[^1].Length == 0)
        {
            node.Input.RemoveAt(node.Input.Count - 1);
        }

        foreach (var attribute in attributes)
        {
            node.Attribute.Add(attribute);
        }

        for (var i = 0; i < outputs; i++)
        {
            node.Output.Add(outputs == 1 ? node.Name : Fresh(node.Name));
        }

        _graph.Node.Add(node);
        return [.. node.Output.Select(Existing)];
    }

    /// <summary>The type of the numbers that are written into formulas: float32, or double where the values around them are.</summary>
    public DataType Precision { get; set; } = DataType.Float;

    /// <summary>A scalar of the present precision, stored once however often it is asked for.</summary>
    public Value Scalar(float value) => Constant(
        string.Create(CultureInfo.InvariantCulture, $"{Precision} {value:R}"),
        name => Tensors.OfType(Precision, name, [], [value]));

    /// <summary>A list of int64, [count], stored once however often it is asked for.</summary>
    public Value Integers(params long[] values) =>
        Constant($"integers {string.Join(' ', values)}", name => Tensors.Of(name, [values.Length], values));

    /// <summary>An int64 scalar.</summary>
    public Value Integer(long value) =>
        Constant(string.Create(CultureInfo.InvariantCulture, $"integer {value}"), name => Tensors.Of(name, [], [value]));

    /// <summary>Zeros of the present precision; <paramref name="shape"/> is int64 [rank].</summary>
    public Value Zeros(Value shape) => Op("ConstantOfShape", [shape], Attributes.Of("value", Tensors.OfType(Precision, "", [1], [0])));

    /// <summary>A tensor of the present precision; <paramref name="values"/> row-major.</summary>
    public Value Tensor(long[] shape, float[] values)
    {
        var tensor = Tensors.OfType(Precision, Fresh("tensor"), shape, values);
        _graph.Initializer.Add(tensor);
        return Existing(tensor.Name);
    }

    /// <summary>Adds a graph input; a dimension is a size or, where it is open, a name.</summary>
    public Value Input(string wish, DataType type, IEnumerable<object> dimensions)
    {
        var name = Fresh(wish);
        _graph.Input.Add(ValueInfo(name, type, dimensions));
        return Existing(name);
    }

    /// <summary>Makes <paramref name="value"/> a graph output and returns its name there: its own where a node makes it, else that of a copy, which begins with <paramref name="wish"/>.</summary>
    public string Output(Value value, string wish)
    {
        var isFree = MakerOf(value) is not null && _graph.Output.All(output => output.Name != value.Name);
        var name = isFree ? value.Name : Copy(value, wish);
        _graph.Output.Add(new ValueInfoProto { Name = name });
        return name;
    }

    /// <summary>The node that makes <paramref name="value"/>, or null where it is an input or stored.</summary>
    public NodeProto? MakerOf(Value value) => _graph.Node.LastOrDefault(node => node.Output.Contains(value.Name));

    /// <summary>True where a node reads <paramref name="value"/>, or it is an output.</summary>
    public bool IsRead(Value value) =>
        _graph.Node.Any(node => node.Input.Contains(value.Name)) || _graph.Output.Any(output => output.Name == value.Name);

    /// <summary>A name that nothing in the graph has yet: <paramref name="wish"/>, numbered where it is taken.</summary>
    public string Fresh(string wish)
    {
        // Numbers up to the last one given are taken: thousands of nodes of a kind must not each try them all.
        var number = _numbers.GetValueOrDefault(wish);
        var name = number == 0 ? wish : $"{wish}_{number}";
        while (!_names.Add(name))
        {
            name = $"{wish}_{++number}";
        }

        _numbers[wish] = number;
        return name;
    }

    /// <summary>Describes a value with its dimensions: numbers, or names of open sizes.</summary>
    public static ValueInfoProto ValueInfo(string name, DataType type, IEnumerable<object> dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var dimension in dimensions)
        {
            shape.Dim.Add(dimension is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(dimension, CultureInfo.InvariantCulture) });
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private string Copy(Value value, string wish)
    {
        var name = Fresh(wish);
        _graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { value.Name }, Output = { name } });
        return name;
    }

    private Value Constant(string key, Func<string, TensorProto> make)
    {
        if (!_constants.TryGetValue(key, out var value))
        {
            var tensor = make(Fresh("constant"));
            _graph.Initializer.Add(tensor);
            value = Existing(tensor.Name);
            _constants.Add(key, value);
        }

        return value;
    }
}
