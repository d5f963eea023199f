using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>Updates that are in memory anyway.</summary>
public sealed class MemoryRows : IUpdateRows
{
    private readonly IReadOnlyList<ReadOnlyMemory<float>> rows;

    /// <exception cref="ArgumentException">There is no row, lengths differ, or a value is not finite: such updates are refused before any rule sees them.</exception>
    public MemoryRows(IReadOnlyList<ReadOnlyMemory<float>> rows)
    {
        if (rows.Count == 0)
        {
            throw new ArgumentException("there are no updates to aggregate", nameof(rows));
        }

        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Length != rows[0].Length)
            {
                throw new ArgumentException($"update {i} has {rows[i].Length} values, the first one {rows[0].Length}", nameof(rows));
            }

            if (!TensorPrimitives.IsFiniteAll(rows[i].Span))
            {
                throw new ArgumentException($"update {i} holds a value that is not finite; refuse it before aggregation", nameof(rows));
            }
        }

        this.rows = rows;
    }

    /// <inheritdoc/>
    public int Count => this.rows.Count;

    /// <inheritdoc/>
    public int Length => this.rows[0].Length;

    /// <inheritdoc/>
    public void Read(int row, int offset, Span<float> values) => this.rows[row].Span.Slice(offset, values.Length).CopyTo(values);
}
