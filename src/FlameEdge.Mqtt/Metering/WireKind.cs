namespace FlameEdge.Mqtt.Metering;

/// <summary>What bytes on the wire are for.</summary>
/// <param name="Name"><c>data</c>, <c>here</c>, <c>notice</c>, <c>session</c> (connecting, subscribing, acknowledging), <c>keep-alive</c>, or <c>other</c>.</param>
/// <param name="Channel">The channel of <c>data</c> and <c>here</c>; empty elsewhere.</param>
public readonly record struct WireKind(string Name, string Channel = "")
{
    /// <summary>Connecting, subscribing, acknowledging, leaving.</summary>
    public static WireKind Session { get; } = new("session");

    /// <summary>Pings and their answers.</summary>
    public static WireKind KeepAlive { get; } = new("keep-alive");

    /// <summary>A publish on a topic that is none of ours, or has only an alias.</summary>
    public static WireKind Other { get; } = new("other");
}
