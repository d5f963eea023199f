using System.Buffers;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters;

/// <summary>One update on its way into a sum, by ranges on several threads; it can be taken back.</summary>
internal sealed class TileAddition(ExactSum sum, IValueTiles tiles, double factor)
{
    private readonly int rangeLength = Math.Max(1, Ranges.Length / tiles.TileLength) * tiles.TileLength;
    private readonly int[] added = new int[Ranges.CountOf(tiles.Length, Math.Max(1, Ranges.Length / tiles.TileLength) * tiles.TileLength)];
    private volatile bool isRefused;

    /// <summary>Why a tile could not be read; null where it was, or was only out of range.</summary>
    public PayloadException? Fault { get; private set; }

    /// <summary>Adds every tile that is within range; false where one is not.</summary>
    public bool Run()
    {
        Ranges.Run(tiles.Length, AddRange, rangeLength);
        return !isRefused;
    }

    /// <summary>Subtracts again what was added.</summary>
    public void Undo() => Ranges.Run(tiles.Length, (range, start, _) => ForTiles(start, added[range], (from, values) => sum.TryAccumulate(from, values, -factor)), rangeLength);

    private void AddRange(int range, int start, int count)
    {
        try
        {
            ForTiles(start, count, (from, values) =>
            {
                if (isRefused || !sum.TryAccumulate(from, values, factor))
                {
                    isRefused = true;
                    return false;
                }

                added[range] += values.Length;
                return true;
            });
        }
        catch (PayloadException error)
        {
            Fault = error;
            isRefused = true;
        }
    }

    private void ForTiles(int start, int count, Func<int, ReadOnlySpan<float>, bool> visit)
    {
        var buffer = ArrayPool<float>.Shared.Rent(tiles.TileLength);
        try
        {
            for (var at = 0; at < count; at += tiles.TileLength)
            {
                var length = Math.Min(tiles.TileLength, count - at);
                if (!visit(start + at, tiles.Read(start + at, buffer.AsSpan(0, length))))
                {
                    return;
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }
}
