using System.Buffers;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>A packet ready to go.</summary>
/// <param name="To">The worker; null for all of the other role.</param>
/// <param name="Header">Its header.</param>
/// <param name="Payload">What follows the header.</param>
/// <param name="IsBulk">It may wait behind other bulk.</param>
/// <param name="Sent">Called under the exchange's lock when it has gone.</param>
internal sealed record Outbound(WorkerId? To, PacketHeader Header, ReadOnlySequence<byte> Payload, bool IsBulk, Action? Sent = null);
