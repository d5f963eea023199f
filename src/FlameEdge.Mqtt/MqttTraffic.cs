using MQTTnet;

namespace FlameEdge.Mqtt;

/// <summary>Bytes of messages over a session, as a bill counts them but for acknowledgements, pings and TLS: topic, payload and header of every publish, repeats included.</summary>
/// <param name="Sent">To the broker, in bytes.</param>
/// <param name="Received">From the broker, in bytes.</param>
public readonly record struct MqttTraffic(long Sent, long Received)
{
    /// <summary>Both ways.</summary>
    public long Bytes => Sent + Received;
}

/// <summary>Counts <see cref="MqttTraffic"/>; thread-safe.</summary>
internal sealed class MqttTrafficCounter
{
    // Fixed header with a length of three bytes, topic length, packet id, and the empty property list of MQTT 5.
    private const int HeaderBytes = 4 + 2 + 2 + 1;
    private long sent;
    private long received;

    /// <summary>What was counted so far.</summary>
    public MqttTraffic Total => new(Interlocked.Read(ref sent), Interlocked.Read(ref received));

    /// <summary>A message leaves.</summary>
    public void Leaves(MqttApplicationMessage message) => Interlocked.Add(ref sent, BytesOf(message));

    /// <summary>A message has come.</summary>
    public void Comes(MqttApplicationMessage message) => Interlocked.Add(ref received, BytesOf(message));

    private static long BytesOf(MqttApplicationMessage message) => HeaderBytes + message.Topic.Length + message.Payload.Length;
}
