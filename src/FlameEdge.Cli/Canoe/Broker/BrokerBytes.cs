using FlameEdge.Mqtt.Metering;

namespace FlameEdge.Cli.Canoe.Broker;

/// <summary>Bytes that passed the broker's port, split as one would ask.</summary>
/// <param name="Metadata">What sites tell the directory.</param>
/// <param name="Request">Requests and rankings.</param>
/// <param name="Packet">Pulls, packets and verdicts.</param>
/// <param name="Events">What people read: each step in JSON, life signs and states.</param>
/// <param name="Presence">Who is there, on channels without records.</param>
/// <param name="Session">Connecting, subscribing, acknowledging.</param>
/// <param name="KeepAlive">Pings.</param>
/// <param name="Model">Models and updates of a federated job.</param>
internal sealed record BrokerBytes(long Metadata, long Request, long Packet, long Events, long Presence, long Session, long KeepAlive, long Model)
{
    /// <summary>Everything.</summary>
    public long Total => Metadata + Request + Packet + Events + Presence + Session + KeepAlive + Model;

    /// <summary>What a quiet site causes while it runs, beside the pings: records, requests, packets and events.</summary>
    public long Talk => Metadata + Request + Packet + Events;

    /// <summary>Sorts what a relay counted.</summary>
    public static BrokerBytes Of(IReadOnlyDictionary<WireKind, long> counted)
    {
        return new BrokerBytes(
            Sum(kind => kind is { Name: "data" or "here", Channel: "metadata" }),
            Sum(kind => kind is { Name: "data", Channel: "request" }),
            Sum(kind => kind is { Name: "data", Channel: "packet" }),
            Sum(kind => kind.Name == "notice"),
            Sum(kind => kind.Name == "here" && kind.Channel != "metadata"),
            Sum(kind => kind == WireKind.Session || kind == WireKind.Other),
            Sum(kind => kind == WireKind.KeepAlive),
            Sum(kind => kind is { Name: "data", Channel: not ("metadata" or "request" or "packet") }));

        long Sum(Func<WireKind, bool> belongs) => counted.Where(pair => belongs(pair.Key)).Sum(pair => pair.Value);
    }
}
