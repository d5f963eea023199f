using System.Buffers;

namespace FlameEdge.State;

/// <summary>Opened content; its bytes must not be touched once it is disposed.</summary>
/// <param name="bytes">The bytes, wherever they lie.</param>
/// <param name="owners">What holds them; disposed in this order.</param>
public sealed class BlobContent(ReadOnlySequence<byte> bytes, params IReadOnlyList<IDisposable> owners) : IDisposable
{
    /// <summary>All of it.</summary>
    public ReadOnlySequence<byte> Bytes => bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var owner in owners)
        {
            owner.Dispose();
        }
    }
}
