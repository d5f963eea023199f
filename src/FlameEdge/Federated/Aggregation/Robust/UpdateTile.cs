using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>A window over all updates: the same stretch of values of each row, in double, where sums and distances of float values neither overflow nor lose digits.</summary>
internal sealed class UpdateTile
{
    private const int Width = 1024;

    private readonly IUpdateRows rows;
    private readonly double[][] values;
    private readonly float[] raw;

    public UpdateTile(IUpdateRows rows, int resultLength, int minimumCount)
    {
        if (rows.Count < minimumCount)
        {
            throw new ArgumentException($"{rows.Count} updates; this rule needs {minimumCount} or more: lower the assumed number of attackers or raise the quorum", nameof(rows));
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(resultLength, rows.Length, nameof(resultLength));
        var width = Math.Min(Width, rows.Length);
        (this.rows, this.raw) = (rows, new float[width]);
        this.values = [.. Enumerable.Range(0, rows.Count).Select(_ => new double[width])];
    }

    /// <summary>Where the window begins.</summary>
    public int Offset { get; private set; }

    /// <summary>Values of each row in the window.</summary>
    public int Length { get; private set; }

    /// <summary>Moves to the next stretch; false behind the last one. Begins anew after that.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public bool MoveNext()
    {
        Offset += Length;
        Length = Math.Min(this.raw.Length, this.rows.Length - Offset);
        if (Length <= 0)
        {
            (Offset, Length) = (0, 0);
            return false;
        }

        for (var row = 0; row < this.values.Length; row++)
        {
            var raw = this.raw.AsSpan(0, Length);
            this.rows.Read(row, Offset, raw);
            RequireFinite(raw, row);
            TensorPrimitives.ConvertChecked<float, double>(raw, this.values[row]);
        }

        return true;
    }

    /// <summary>The window's values of one update; may be overwritten until the next move.</summary>
    public Span<double> this[int row] => this.values[row].AsSpan(0, Length);

    /// <summary>Puts every column of the first <paramref name="count"/> rows into ascending order, by exchanges of whole rows: Batcher's merge exchange.</summary>
    /// <remarks>The comparisons do not depend on the data, so each is two vector operations over the width of the tile. Knuth, TAOCP 3, 5.2.2, algorithm M.</remarks>
    public void SortColumns(int count)
    {
        Span<double> lower = stackalloc double[Width];
        lower = lower[..Length];
        var top = count < 2 ? 0 : 1 << int.Log2(count - 1);
        for (var p = top; p > 0; p >>= 1)
        {
            var (q, r, d) = (top, 0, p);
            while (true)
            {
                for (var i = 0; i < count - d; i++)
                {
                    if ((i & p) == r)
                    {
                        TensorPrimitives.Min(this[i], this[i + d], lower);
                        TensorPrimitives.Max(this[i], this[i + d], this[i + d]);
                        lower.CopyTo(this[i]);
                    }
                }

                if (q == p)
                {
                    break;
                }

                (d, q, r) = (q - p, q >> 1, p);
            }
        }
    }

    /// <summary>Puts the rows of these updates first, in ascending order of index; the window's other rows are lost until the next move.</summary>
    public void Keep(ReadOnlySpan<int> ascending)
    {
        for (var i = 0; i < ascending.Length; i++)
        {
            if (ascending[i] != i)
            {
                this[ascending[i]].CopyTo(this[i]);
            }
        }
    }

    /// <summary>Writes the mean of rows [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public void Mean(int from, int to, Span<float> result)
    {
        var sum = this[from];
        for (var row = from + 1; row < to; row++)
        {
            TensorPrimitives.Add(sum, this[row], sum);
        }

        TensorPrimitives.Divide(sum, to - from, sum);
        TensorPrimitives.ConvertSaturating<double, float>(sum, result.Slice(Offset, Length));
    }

    /// <summary>Σ factorᵢ · updateᵢ of the window, in the place of the first row.</summary>
    public ReadOnlySpan<double> Sum(ReadOnlySpan<double> factors)
    {
        var sum = this[0];
        TensorPrimitives.Multiply(sum, factors[0], sum);
        for (var row = 1; row < factors.Length; row++)
        {
            TensorPrimitives.MultiplyAdd(this[row], factors[row], sum, sum);
        }

        return sum;
    }

    private static void RequireFinite(ReadOnlySpan<float> update, int row)
    {
        if (!TensorPrimitives.IsFiniteAll(update))
        {
            throw new ArgumentException($"update {row} holds a value that is not finite; refuse it before aggregation", nameof(update));
        }
    }
}
