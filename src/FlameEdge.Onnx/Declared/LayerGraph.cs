using FlameEdge.Diagnostics;
using FlameEdge.Models.Declared;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Parameters;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Declared;

/// <summary>A declared model as a forward graph.</summary>
internal sealed class LayerGraph
{
    private const string InputName = "input";
    private const string LogitsName = "logits";

    private readonly DeclaredModel _model;
    private readonly ParameterSet _start;
    private readonly GraphProto _graph = new() { Name = "flame-edge" };
    private readonly GraphWriter _writer;

    private LayerGraph(DeclaredModel model)
    {
        _model = model;
        _start = model.Start();
        _writer = new GraphWriter(_graph);
    }

    /// <summary>Builds the graph of <paramref name="model"/>.</summary>
    public static ClassifierModel Of(DeclaredModel model) => new LayerGraph(model).Build();

    private ClassifierModel Build()
    {
        var value = _writer.Input(InputName, DataType.Float, ["N", .. _model.SampleShape.Cast<object>()]);
        foreach (var layer in _model.Layers)
        {
            value = Append(layer, value);
        }

        _graph.Node[^1].Output[0] = LogitsName;
        _graph.Output.Add(GraphWriter.ValueInfo(LogitsName, DataType.Float, ["N", .. _model.Layers[^1].Shape.Cast<object>()]));
        var model = new ModelProto { IrVersion = 8, ProducerName = "FlameEdge", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        var trainables = _model.Layout.Entries.Select(entry => entry.Name).ToList();
        return new ClassifierModel(
            new ForwardGraph(model, _model.Kind), InputName, _model.SampleShape, LogitsName, trainables, (seed, _, parameters) => _model.Initialize(seed, parameters));
    }

    private Value Append(Layer layer, Value value) => layer switch
    {
        FlattenLayer => _writer.Op("Flatten", [value], Attributes.Of("axis", 1)),
        LinearLayer linear => _writer.Op("Gemm", [value, .. Tensors(linear.Name)], Attributes.Of("transB", 1)),
        ConvolutionLayer convolution => _writer.Op(
            "Conv",
            [value, .. Tensors(convolution.Name)],
            Attributes.Of("kernel_shape", [convolution.Window, convolution.Window]),
            Attributes.Of("pads", Enumerable.Repeat((long)convolution.Padding, 4))),
        MaxPoolLayer => _writer.Op("MaxPool", [value], Attributes.Of("kernel_shape", [2, 2]), Attributes.Of("strides", [2, 2])),
        ActivationLayer activation => _writer.Op(OperatorOf(activation.Function), value),
        _ => throw new ModelMismatchException($"the onnx runtime has no layer {layer.GetType().Name}"),
    };

    private static string OperatorOf(string function) => function switch
    {
        "relu" => "Relu",
        "tanh" => "Tanh",
        _ => "Sigmoid",
    };

    private Value[] Tensors(string layer) => [Tensor($"{layer}.weight"), Tensor($"{layer}.bias")];

    private Value Tensor(string name)
    {
        var entry = _model.Tensors.Entries.First(entry => entry.Name == name);
        _graph.Initializer.Add(Graphs.Tensors.Of(_writer.Fresh(name), entry.Shape.Select(size => (long)size), _start[entry]));
        return _writer.Existing(name);
    }
}
