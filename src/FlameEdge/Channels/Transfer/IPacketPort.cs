using System.Buffers;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>What carries packets for an <see cref="Exchange"/>. It may lose, repeat and reorder them.</summary>
public interface IPacketPort
{
    /// <summary>The largest packet it carries now, in bytes.</summary>
    int MaximumPacketBytes { get; }

    /// <summary>Packets and bytes of bulk that may be on their way here at once before what carries them drops some.</summary>
    (int Packets, long Bytes) Room => (int.MaxValue, long.MaxValue);

    /// <summary>Time since anything at all came by the way that bulk comes, a part of a packet included: on a slow line what was asked for is late rather than lost.</summary>
    TimeSpan Silence => TimeSpan.MaxValue;

    /// <summary>Carries a packet to a worker, or to everybody of the other role where <paramref name="to"/> is null. Completes when the
    /// packet is on its way and its memory no longer needed; a lost packet is no error.</summary>
    ValueTask SendAsync(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk, CancellationToken cancellationToken);
}
