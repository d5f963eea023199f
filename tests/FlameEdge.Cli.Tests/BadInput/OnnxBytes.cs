using System.Text;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>ONNX files by hand, in protobuf's wire format: the tool's tests see models as bytes, as the tool does.</summary>
internal static class OnnxBytes
{
    /// <summary>A classifier of two features and two classes: Gemm, and behind it <paramref name="operators"/>, one after the other.</summary>
    public static byte[] Classifier(int features = 2, params string[] operators)
    {
        var graph = new List<byte>();
        graph.AddRange(Field(1, Node("Gemm", "gemm", ["x", "w"], "h0")));
        foreach (var (i, name) in operators.Index())
        {
            graph.AddRange(Field(1, Node(name, $"{name.ToLowerInvariant()}-{i}", [$"h{i}"], $"h{i + 1}")));
        }

        graph.AddRange(Text(2, "test"));
        graph.AddRange(Field(5, [.. Number(1, features), .. Number(1, 2), .. Number(2, 1), .. Text(8, "w"), .. Field(9, new byte[4 * 2 * features])]));
        graph.AddRange(Field(11, ValueInfo("x", features)));
        graph.AddRange(Field(12, ValueInfo($"h{operators.Length}", 2)));
        return [.. Number(1, 8), .. Field(7, [.. graph]), .. Field(8, Number(2, 17))];
    }

    private static byte[] Node(string type, string name, string[] inputs, string output) =>
        [.. inputs.SelectMany(input => Text(1, input)), .. Text(2, output), .. Text(3, name), .. Text(4, type)];

    private static byte[] ValueInfo(string name, int width)
    {
        byte[] shape = [.. Field(1, Text(2, "N")), .. Field(1, Number(1, width))];
        return [.. Text(1, name), .. Field(2, Field(1, [.. Number(1, 1), .. Field(2, shape)]))];
    }

    private static byte[] Text(int field, string text) => Field(field, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int field, byte[] content) => [.. Varint((field << 3) | 2), .. Varint(content.Length), .. content];

    private static byte[] Number(int field, int value) => [.. Varint(field << 3), .. Varint(value)];

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value > 127; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }

        return [.. bytes, (byte)value];
    }
}
