using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace FlameEdge.Parameters;

/// <summary>What a tensor of a model is.</summary>
public enum ParameterKind
{
    /// <summary>Changed by gradients.</summary>
    Trainable = 0,

    /// <summary>State that travels with the model but has no gradient, such as running statistics.</summary>
    Buffer = 1,
}

/// <summary>One tensor inside the flat buffer.</summary>
/// <param name="Name">Unique within the layout.</param>
/// <param name="Shape">Dimensions, row-major; empty for a scalar.</param>
/// <param name="Offset">Index of its first value in the flat buffer.</param>
/// <param name="Kind">Trainable or buffer.</param>
public sealed record ParameterEntry(string Name, IReadOnlyList<int> Shape, int Offset, ParameterKind Kind)
{
    /// <summary>Number of values.</summary>
    public int Length { get; } = Shape.Aggregate(1, (product, dimension) => checked(product * dimension));
}

/// <summary>Names, shapes and offsets of a model's tensors in one contiguous float buffer, without gaps.</summary>
public sealed class ParameterLayout
{
    private ParameterLayout(ModelSignature signature, int length)
    {
        Entries = [];
        Length = length;
        Signature = signature;
    }

    private ParameterLayout(IReadOnlyList<ParameterEntry> entries)
    {
        Entries = entries;
        Length = entries.Count == 0 ? 0 : checked(entries[^1].Offset + entries[^1].Length);
        Signature = ModelSignature.Of(entries);
    }

    /// <summary>The tensors in buffer order.</summary>
    public IReadOnlyList<ParameterEntry> Entries { get; }

    /// <summary>Number of values in the buffer.</summary>
    public int Length { get; }

    /// <summary>What two models must share before anything is exchanged.</summary>
    public ModelSignature Signature { get; }

    /// <summary>A layout known by signature and length alone: enough to add models, which is all a middle aggregator does.</summary>
    public static ParameterLayout Opaque(ModelSignature signature, int length) => new(signature, length);

    /// <summary>Lays tensors out one after the other.</summary>
    /// <exception cref="ArgumentException">A name occurs twice or a dimension is negative.</exception>
    public static ParameterLayout Of(IEnumerable<(string Name, IReadOnlyList<int> Shape, ParameterKind Kind)> tensors)
    {
        var entries = new List<ParameterEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var offset = 0;
        foreach (var (name, shape, kind) in tensors)
        {
            if (!names.Add(name))
            {
                throw new ArgumentException($"the tensor name '{name}' occurs twice", nameof(tensors));
            }

            if (shape.Any(dimension => dimension < 0))
            {
                throw new ArgumentException($"the tensor '{name}' has a negative dimension", nameof(tensors));
            }

            var entry = new ParameterEntry(name, [.. shape], offset, kind);
            entries.Add(entry);
            offset = checked(offset + entry.Length);
        }

        return new ParameterLayout(entries);
    }

    /// <summary>Demands that a buffer has one value for each of the layout's, no more and no fewer.</summary>
    /// <exception cref="ArgumentException">Its length is another one.</exception>
    public void RequireLength(ReadOnlySpan<float> values, [CallerArgumentExpression(nameof(values))] string? name = null)
    {
        if (values.Length != Length)
        {
            throw new ArgumentException($"the model has {Length} parameters, not {values.Length}", name);
        }
    }
}

/// <summary>SHA-256 over names, shapes and kinds of a layout: equal signatures can be added, others never meet.</summary>
public readonly record struct ModelSignature(string Hex)
{
    internal static ModelSignature Of(IReadOnlyList<ParameterEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[4];
        foreach (var entry in entries)
        {
            var name = Encoding.UTF8.GetBytes(entry.Name);
            Append(name.Length, number);
            hash.AppendData(name);
            Append((int)entry.Kind, number);
            Append(entry.Shape.Count, number);
            foreach (var dimension in entry.Shape)
            {
                Append(dimension, number);
            }
        }

        return new ModelSignature(Convert.ToHexStringLower(hash.GetHashAndReset()));

        void Append(int value, Span<byte> bytes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Hex;
}
