using System.Numerics.Tensors;

namespace FlameEdge.Collaborative.Packets;

/// <summary>Some values of a vector in int8, the rest of it zero: value = scale · byte.</summary>
/// <param name="Length">Values of the whole vector.</param>
/// <param name="Places">Which are there, ascending, below <paramref name="Length"/>.</param>
/// <param name="Scale">Value of one step; finite, not negative.</param>
/// <param name="Steps">One for each place.</param>
public sealed record SparseValues(int Length, IReadOnlyList<int> Places, Half Scale, sbyte[] Steps)
{
    /// <summary>The <paramref name="count"/> largest of <paramref name="values"/> by magnitude, the lower place on ties.</summary>
    public static SparseValues Largest(ReadOnlySpan<float> values, int count)
    {
        var copy = values.ToArray();
        return At(copy, [.. Enumerable.Range(0, copy.Length).OrderByDescending(place => Math.Abs(copy[place])).ThenBy(place => place).Take(count).Order()]);
    }

    /// <summary>The values at <paramref name="places"/>, ascending.</summary>
    public static SparseValues At(ReadOnlySpan<float> values, IReadOnlyList<int> places)
    {
        var kept = new float[places.Count];
        for (var i = 0; i < kept.Length; i++)
        {
            kept[i] = values[places[i]];
        }

        var scale = QuantizedLayer.ScaleOf(kept.Length == 0 ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude<float>(kept)));
        var steps = new sbyte[kept.Length];
        QuantizedLayer.QuantizeRow(kept, scale, steps);
        return new SparseValues(values.Length, places, scale, steps);
    }

    /// <summary>Adds the values to a vector of <see cref="Length"/>.</summary>
    public void AddTo(Span<float> vector)
    {
        for (var i = 0; i < Steps.Length; i++)
        {
            vector[Places[i]] += (float)Scale * Steps[i];
        }
    }
}
