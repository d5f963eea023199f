using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Google.Protobuf;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Tests;

/// <summary>Writes small model files, right and wrong ones.</summary>
internal static class ModelBytes
{
    /// <summary>A model of float input x with dimensions <paramref name="input"/> (numbers or names) whose nodes <paramref name="build"/> appends; its result is the output.</summary>
    public static ModelProto Of(object[] input, Func<GraphWriter, Value, Value> build, long opset = 17, DataType type = DataType.Float)
    {
        var graph = new GraphProto { Name = "test" };
        var writer = new GraphWriter(graph);
        var x = writer.Input("x", type, input);
        graph.Output.Add(new ValueInfoProto { Name = build(writer, x).Name });
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });
        return model;
    }

    /// <summary>A two-layer classifier of four features and three classes.</summary>
    public static ModelProto Classifier(long opset = 17, object? batch = null) => Of([batch ?? "N", 4], (writer, x) =>
    {
        var hidden = writer.Op("Tanh", writer.Op("Gemm", x, Weight(writer, 4, 5), Weight(writer, 5)));
        return writer.Op("Gemm", hidden, Weight(writer, 5, 3), Weight(writer, 3));
    }, opset);

    /// <summary>A stored float tensor with values that repeat nowhere.</summary>
    public static Value Weight(GraphWriter writer, params long[] shape)
    {
        var count = shape.Aggregate((product, size) => product * size);
        return writer.Tensor(shape, [.. Enumerable.Range(0, (int)count).Select(i => (float)Math.Sin(1 + (3 * i) + count))]);
    }

    /// <summary>Writes <paramref name="model"/> into a folder of its own and deletes it after <paramref name="use"/>.</summary>
    public static void WithFile(ModelProto model, Action<string> use) => WithFile(model.ToByteArray(), use);

    public static void WithFile(byte[] bytes, Action<string> use)
    {
        var folder = Directory.CreateTempSubdirectory("flame-edge-onnx");
        try
        {
            var path = Path.Combine(folder.FullName, "model.onnx");
            File.WriteAllBytes(path, bytes);
            use(path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
