namespace FlameEdge.Parameters;

/// <summary>Values that are read a tile at a time, so that what is made of them never needs a buffer of the model's size. Safe to read from several threads.</summary>
public interface IValueTiles
{
    /// <summary>Number of values.</summary>
    int Length { get; }

    /// <summary>Values of a tile; every tile but the last is whole, and starts at a multiple of it.</summary>
    int TileLength { get; }

    /// <summary>The values from <paramref name="start"/>, as many as <paramref name="buffer"/> holds, in it or in place. They may be anything: the caller checks them.</summary>
    /// <exception cref="Diagnostics.PayloadException">The bytes behind them are malformed.</exception>
    ReadOnlySpan<float> Read(int start, Span<float> buffer);
}
