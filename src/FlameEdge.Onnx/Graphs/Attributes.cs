using FlameEdge.Onnx.Format;
using Google.Protobuf;
using AttributeType = FlameEdge.Onnx.Format.AttributeProto.Types.AttributeType;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Reads and writes the attributes of nodes.</summary>
internal static class Attributes
{
    public static AttributeProto Of(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Of(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto Of(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    public static AttributeProto Of(string name, TensorProto value) => new() { Name = name, Type = AttributeType.Tensor, T = value };

    public static AttributeProto Of(string name, IEnumerable<long> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    public static long Int(this NodeProto node, string name, long otherwise) => node.Find(name)?.I ?? otherwise;

    public static float Float(this NodeProto node, string name, float otherwise) => node.Find(name)?.F ?? otherwise;

    public static string Text(this NodeProto node, string name, string otherwise) => node.Find(name)?.S.ToStringUtf8() ?? otherwise;

    /// <summary>A list of integers, or null where the node has no such attribute.</summary>
    public static long[]? Ints(this NodeProto node, string name) => node.Find(name)?.Ints.ToArray();

    public static AttributeProto? Find(this NodeProto node, string name) =>
        node.Attribute.FirstOrDefault(attribute => attribute.Name == name);
}
