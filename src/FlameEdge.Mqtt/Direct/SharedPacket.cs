using System.Buffers;

namespace FlameEdge.Mqtt.Direct;

/// <summary>The bytes of a packet on its way to several peers: one copy, given back when the last has gone.</summary>
internal sealed class SharedPacket
{
    private readonly byte[] rented;
    private readonly int length;
    private readonly Action<int> released;
    private int holders = 1;

    /// <param name="packet">What is copied.</param>
    /// <param name="released">Told its bytes when nobody holds it any more.</param>
    public SharedPacket(ReadOnlySequence<byte> packet, Action<int> released)
    {
        this.released = released;
        length = (int)packet.Length;
        rented = ArrayPool<byte>.Shared.Rent(length);
        packet.CopyTo(rented);
    }

    public ReadOnlyMemory<byte> Bytes => rented.AsMemory(0, length);

    /// <summary>One more holds it.</summary>
    public void Hold() => Interlocked.Increment(ref holders);

    /// <summary>One fewer holds it; its bytes must not be read any more by who calls this.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holders) == 0)
        {
            ArrayPool<byte>.Shared.Return(rented);
            released(length);
        }
    }
}
