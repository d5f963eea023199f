using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FlameEdge.Parameters;

/// <summary>A model's values: one contiguous float buffer and the layout that names its tensors.</summary>
/// <remarks>Not thread-safe while written.</remarks>
public sealed class ParameterSet
{
    private readonly float[] values;

    /// <summary>All zeros.</summary>
    public ParameterSet(ParameterLayout layout)
        : this(layout, new float[layout.Length])
    {
    }

    /// <summary>Takes over a buffer of exactly the layout's length.</summary>
    /// <exception cref="ArgumentException">The length differs.</exception>
    public ParameterSet(ParameterLayout layout, float[] values)
    {
        layout.RequireLength(values);
        Layout = layout;
        this.values = values;
    }

    /// <summary>Names, shapes and offsets.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>All values, in layout order.</summary>
    public Span<float> Values => values;

    /// <summary>The same, where a span cannot go.</summary>
    internal ReadOnlyMemory<float> Memory => values;

    /// <summary>The values of one tensor, row-major.</summary>
    public Span<float> this[ParameterEntry entry] => values.AsSpan(entry.Offset, entry.Length);

    /// <summary>A copy with a buffer of its own.</summary>
    public ParameterSet Clone() => new(Layout, [.. values]);

    /// <summary>SHA-256 of the little-endian bytes: two sets with this in common are the same bit for bit.</summary>
    public string ContentHash() => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(values)));
}
