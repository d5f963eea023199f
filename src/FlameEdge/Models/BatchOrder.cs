namespace FlameEdge.Models;

/// <summary>Which rows make the next batch: in row order where one batch holds all, else drawn anew for every epoch. The same seed gives the same batches on every engine.</summary>
/// <remarks>Not thread-safe; allocates nothing after its making.</remarks>
public sealed class BatchOrder
{
    private readonly int[] _order;
    private PortableRandom _generator = new(0);
    private int _next;

    /// <summary>An order of <paramref name="rows"/> rows in batches of <paramref name="batchSize"/>; null for all rows at once.</summary>
    public BatchOrder(int rows, int? batchSize)
    {
        _order = new int[rows];
        Size = Math.Min(batchSize ?? rows, rows);
        IsWhole = Size == rows;
        Start(0);
    }

    /// <summary>Rows of a full batch.</summary>
    public int Size { get; }

    /// <summary>Rows of the shorter batch that ends an epoch; 0 where all are full.</summary>
    public int Rest => Size == 0 ? 0 : _order.Length % Size;

    /// <summary>True where one batch holds all rows, which then keep their order.</summary>
    public bool IsWhole { get; }

    /// <summary>Batches of one epoch.</summary>
    public int BatchesPerEpoch => Size == 0 ? 0 : (_order.Length + Size - 1) / Size;

    /// <summary>Begins anew; the order depends on <paramref name="seed"/> alone.</summary>
    public void Start(ulong seed)
    {
        _generator = new PortableRandom(seed);
        for (var row = 0; row < _order.Length; row++)
        {
            _order[row] = row;
        }

        _next = _order.Length;
    }

    /// <summary>Rows of the next batch; valid until the next call.</summary>
    public ReadOnlySpan<int> Next()
    {
        if (_next == _order.Length)
        {
            if (!IsWhole)
            {
                _generator.Shuffle(_order);
            }

            _next = 0;
        }

        var rows = _order.AsSpan(_next, Math.Min(Size, _order.Length - _next));
        _next += rows.Length;
        return rows;
    }
}
