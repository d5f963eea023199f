using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>A step of a round of secure aggregation, in JSON: small beside the masked updates, which travel as updates do.</summary>
internal sealed record SecureMessage
{
    /// <summary>The aggregator names the members.</summary>
    public const string Begin = "begin";

    /// <summary>A member's public keys, upwards; all members', downwards.</summary>
    public const string Keys = "keys";

    /// <summary>Sealed shares by whom they are for, upwards; by whom they are from, with the partners, downwards.</summary>
    public const string Shares = "shares";

    /// <summary>Whose updates are in the sum and whose are not, downwards; what unmasks it, upwards.</summary>
    public const string Reveal = "reveal";

    // 255 members with keys, or shares, of some hundred bytes each.
    private const int LargestBytes = 1 << 19;

    /// <summary>One of the words above.</summary>
    public required string Step { get; init; }

    /// <summary>Which attempt at the round: after a crash all begins anew, with other keys.</summary>
    public required string Attempt { get; init; }

    public string? Run { get; init; }

    public int Threshold { get; init; }

    /// <summary>Members' places by their names.</summary>
    public Dictionary<string, byte>? Places { get; init; }

    public List<SecureMember>? Members { get; init; }

    public Dictionary<byte, byte[]>? Sealed { get; init; }

    public List<byte>? Partners { get; init; }

    public List<byte>? Counted { get; init; }

    public List<byte>? Dropped { get; init; }

    public SecureReveal? Revealed { get; init; }

    /// <summary>As a channel carries it.</summary>
    public Message In(int round) => new() { Kind = MessageKind.Secure, Round = round, Body = new ReadOnlySequence<byte>(FederatedJson.Write(this, FederatedJson.Default.SecureMessage)) };

    /// <exception cref="PayloadException">It is none.</exception>
    public static SecureMessage Of(Message message) => message.Body.Length <= LargestBytes
        ? FederatedJson.Read(message.Body.ToArray(), FederatedJson.Default.SecureMessage)
        : throw new PayloadException($"{message.Body.Length} bytes are no step of secure aggregation");
}
