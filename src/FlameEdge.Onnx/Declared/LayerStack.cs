using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Declared;

/// <summary>Builds a forward model layer by layer. Its weights are zero until somebody initializes them.</summary>
internal sealed class LayerStack
{
    private const string InputName = "input";
    private const string LogitsName = "logits";

    private readonly GraphProto _graph = new() { Name = "flame-edge" };
    private readonly GraphWriter _writer;
    private readonly List<string> _trainables = [];
    private readonly IReadOnlyList<int> _sampleShape;
    private Value _value;

    public LayerStack(IReadOnlyList<int> sampleShape)
    {
        _writer = new GraphWriter(_graph);
        _sampleShape = sampleShape;
        Shape = sampleShape;
        _value = _writer.Input(InputName, DataType.Float, ["N", .. sampleShape.Cast<object>()]);
    }

    /// <summary>Dimensions of one sample at this point.</summary>
    public IReadOnlyList<int> Shape { get; private set; }

    /// <summary>A fully connected layer with weights [width, features]; flattens what it gets.</summary>
    public LayerStack Linear(string name, int width)
    {
        if (Shape.Count > 1)
        {
            Append("Flatten", [_value], [Attributes.Of("axis", 1)], [Shape.Aggregate((product, size) => product * size)]);
        }

        var (weight, bias) = Parameters(name, [width, Shape[0]]);
        return Append("Gemm", [_value, weight, bias], [Attributes.Of("transB", 1)], [width]);
    }

    /// <summary>A convolution over [channels, height, width] with square windows.</summary>
    public LayerStack Convolution(string name, int channels, int window, int padding)
    {
        var (weight, bias) = Parameters(name, [channels, Shape[0], window, window]);
        return Append(
            "Conv",
            [_value, weight, bias],
            [Attributes.Of("kernel_shape", [window, window]), Attributes.Of("pads", [padding, padding, padding, padding])],
            [channels, .. Shape.Skip(1).Select(size => size + (2 * padding) - window + 1)]);
    }

    /// <summary>The largest of every 2 × 2 values; an odd row or column at the end is left out.</summary>
    public LayerStack MaxPool() => Append(
        "MaxPool",
        [_value],
        [Attributes.Of("kernel_shape", [2, 2]), Attributes.Of("strides", [2, 2])],
        [Shape[0], .. Shape.Skip(1).Select(size => size / 2)]);

    /// <summary>An operator of one input that keeps the shape.</summary>
    public LayerStack Activation(string type) => Append(type, [_value], [], Shape);

    /// <summary>Closes the stack: its value becomes the logits.</summary>
    public ClassifierModel ToModel(string name, FirstParameters start)
    {
        _graph.Node[^1].Output[0] = LogitsName;
        _graph.Output.Add(GraphWriter.ValueInfo(LogitsName, DataType.Float, ["N", .. Shape.Cast<object>()]));
        var model = new ModelProto { IrVersion = 8, ProducerName = "FlameEdge", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return new ClassifierModel(new ForwardGraph(model, name), InputName, _sampleShape, LogitsName, _trainables, start);
    }

    private LayerStack Append(string type, ReadOnlySpan<Value> inputs, AttributeProto[] attributes, IReadOnlyList<int> shape)
    {
        _value = _writer.Op(type, inputs, attributes);
        Shape = shape;
        return this;
    }

    private (Value Weight, Value Bias) Parameters(string name, int[] shape) =>
        (Parameter($"{name}.weight", shape), Parameter($"{name}.bias", [shape[0]]));

    private Value Parameter(string name, int[] shape)
    {
        var values = new float[shape.Aggregate((product, size) => checked(product * size))];
        _graph.Initializer.Add(Tensors.Of(name, shape.Select(size => (long)size), values));
        _trainables.Add(_writer.Fresh(name));
        return _writer.Existing(name);
    }
}
