using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;

namespace FlameEdge.Mqtt;

/// <summary>Gives the client library a <see cref="WireAdapter"/> for its connection.</summary>
internal sealed class WireAdapterFactory(Action<MqttApplicationMessage> received) : IMqttClientAdapterFactory
{
    // What the library itself starts with and keeps at most.
    private const int WriterBytes = 4096;
    private const int WriterBytesAtMost = 65_535;

    public IMqttChannelAdapter CreateClientAdapter(MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger) =>
        new WireAdapter(new MqttTcpChannel(options), new MqttPacketFormatterAdapter(options.ProtocolVersion, new MqttBufferWriter(WriterBytes, WriterBytesAtMost)), received);
}
