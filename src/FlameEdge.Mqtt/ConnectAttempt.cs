using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt;

/// <summary>One attempt to connect: the files were read for it, and it remembers what it held against the broker.</summary>
/// <param name="Options">What the client library needs.</param>
/// <param name="Trust">Judges the broker's certificate; null without TLS.</param>
internal sealed record ConnectAttempt(MqttClientOptions Options, BrokerTrust? Trust)
{
    /// <summary>The version of MQTT it speaks.</summary>
    public MqttProtocolVersion Version => Options.ProtocolVersion;
}
