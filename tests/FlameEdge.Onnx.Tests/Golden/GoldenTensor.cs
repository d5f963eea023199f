using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Tests.Golden;

/// <summary>A tensor of a golden case.</summary>
internal sealed record GoldenTensor(string Role, string Name, string Type, long[] Shape, byte[] Bytes)
{
    public float[] Floats => MemoryMarshal.Cast<byte, float>(Bytes).ToArray();

    public static List<GoldenTensor> Read(JsonElement entries, string file)
    {
        var bytes = File.ReadAllBytes(file);
        return
        [
            .. entries.EnumerateArray().Select(entry => new GoldenTensor(
                entry.TryGetProperty("role", out var role) ? role.GetString()! : "",
                entry.GetProperty("name").GetString()!,
                entry.GetProperty("dtype").GetString()!,
                [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
                bytes.AsSpan(entry.GetProperty("offset").GetInt32(), entry.GetProperty("bytes").GetInt32()).ToArray())),
        ];
    }

    /// <summary>The first rows of the tensor.</summary>
    public GoldenTensor Rows(int count) => this with
    {
        Shape = [count, .. Shape[1..]],
        Bytes = Bytes[..(int)(Bytes.Length / Shape[0] * count)],
    };

    public OrtValue ToOrtValue()
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, Type switch
        {
            "float32" => TensorElementType.Float,
            "int64" => TensorElementType.Int64,
            "bool" => TensorElementType.Bool,
            _ => throw new InvalidOperationException($"the golden type {Type} is unknown"),
        }, Shape);
        Bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }
}
