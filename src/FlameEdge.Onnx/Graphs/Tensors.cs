using System.Numerics;
using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using Google.Protobuf;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Tensors as an ONNX file stores them: raw little-endian bytes or typed lists, always inside the file.</summary>
internal static class Tensors
{
    /// <summary>A float32 tensor; <paramref name="values"/> row-major.</summary>
    public static TensorProto Of(string name, IEnumerable<long> shape, ReadOnlySpan<float> values) =>
        Raw(name, shape, DataType.Float, MemoryMarshal.AsBytes(values));

    /// <summary>A float32 or double tensor; <paramref name="values"/> row-major.</summary>
    public static TensorProto OfType(DataType type, string name, IEnumerable<long> shape, ReadOnlySpan<float> values) => type == DataType.Double
        ? Raw(name, shape, type, MemoryMarshal.AsBytes<double>(Array.ConvertAll(values.ToArray(), value => (double)value)))
        : Of(name, shape, values);

    /// <summary>An int64 tensor; <paramref name="values"/> row-major.</summary>
    public static TensorProto Of(string name, IEnumerable<long> shape, ReadOnlySpan<long> values) =>
        Raw(name, shape, DataType.Int64, MemoryMarshal.AsBytes(values));

    /// <summary>The tensor that a Constant node states, or null where it states something else.</summary>
    public static TensorProto? Of(NodeProto constant) => constant.Attribute.FirstOrDefault() switch
    {
        { Name: "value", T: { } tensor } => tensor,
        { Name: "value_int" } one => Of("", [], [one.I]),
        { Name: "value_ints" } list => Of("", [list.Ints.Count], [.. list.Ints]),
        { Name: "value_float" } one => Of("", [], [one.F]),
        { Name: "value_floats" } list => Of("", [list.Floats.Count], [.. list.Floats]),
        _ => null,
    };

    /// <summary>Refuses a tensor whose values are not in the file, or not as many as its dimensions say. Allocates nothing.</summary>
    /// <exception cref="ModelMismatchException">The tensor cannot be trusted.</exception>
    public static void Check(TensorProto tensor, string where)
    {
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External || tensor.ExternalData.Count > 0)
        {
            throw new ModelMismatchException($"{where}: the values of '{tensor.Name}' lie in another file; store them inside the model");
        }

        var claimed = BigInteger.One;
        foreach (var dimension in tensor.Dims)
        {
            if (dimension < 0)
            {
                throw new ModelMismatchException($"{where}: '{tensor.Name}' has the dimension {dimension}");
            }

            claimed *= dimension;
        }

        var (stored, unit) = tensor.HasRawData ? (tensor.RawData.Length, BytesOf(tensor.DataType)) : (TypedCount(tensor), 1);
        if (claimed * unit != stored)
        {
            throw new ModelMismatchException($"{where}: '{tensor.Name}' claims [{string.Join(", ", tensor.Dims)}] but stores {stored / unit} values");
        }
    }

    /// <summary>The values of a float32 tensor.</summary>
    public static float[] Floats(TensorProto tensor) =>
        tensor.HasRawData ? [.. MemoryMarshal.Cast<byte, float>(tensor.RawData.Span)] : [.. tensor.FloatData];

    /// <summary>The values of a float32 or double tensor as float32, or null where it is of another type.</summary>
    public static float[]? TryFloats(TensorProto tensor) => ((DataType)tensor.DataType, tensor.HasRawData) switch
    {
        (DataType.Float, _) => Floats(tensor),
        (DataType.Double, true) => [.. MemoryMarshal.Cast<byte, double>(tensor.RawData.Span).ToArray().Select(value => (float)value)],
        (DataType.Double, false) => [.. tensor.DoubleData.Select(value => (float)value)],
        _ => null,
    };

    /// <summary>The values of a tensor of truth values or bytes.</summary>
    public static byte[] Bytes(TensorProto tensor) =>
        tensor.HasRawData ? tensor.RawData.ToByteArray() : [.. tensor.Int32Data.Select(value => (byte)value)];

    /// <summary>The values of an int64 or int32 tensor.</summary>
    public static long[] Integers(TensorProto tensor) => ((DataType)tensor.DataType, tensor.HasRawData) switch
    {
        (DataType.Int64, true) => [.. MemoryMarshal.Cast<byte, long>(tensor.RawData.Span)],
        (DataType.Int64, false) => [.. tensor.Int64Data],
        (_, true) => [.. MemoryMarshal.Cast<byte, int>(tensor.RawData.Span).ToArray().Select(value => (long)value)],
        _ => [.. tensor.Int32Data.Select(value => (long)value)],
    };

    private static TensorProto Raw(string name, IEnumerable<long> shape, DataType type, ReadOnlySpan<byte> bytes)
    {
        // Raw data is little-endian by the format, and so is every platform ONNX Runtime is built for.
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(shape);
        return tensor;
    }

    private static int BytesOf(int type) => (DataType)type switch
    {
        DataType.Uint8 or DataType.Int8 or DataType.Bool => 1,
        DataType.Uint16 or DataType.Int16 or DataType.Float16 or DataType.Bfloat16 => 2,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 8,
        DataType.Complex128 => 16,
        _ => throw new ModelMismatchException($"the tensor type {type} is unknown"),
    };

    private static int TypedCount(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Float => tensor.FloatData.Count,
        DataType.Int64 => tensor.Int64Data.Count,
        DataType.Double => tensor.DoubleData.Count,
        DataType.String => tensor.StringData.Count,
        DataType.Uint32 or DataType.Uint64 => tensor.Uint64Data.Count,
        DataType.Complex64 => tensor.FloatData.Count / 2,
        DataType.Complex128 => tensor.DoubleData.Count / 2,
        _ => tensor.Int32Data.Count,
    };
}
