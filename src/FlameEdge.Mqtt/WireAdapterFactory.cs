using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;

namespace FlameEdge.Mqtt;

/// <summary>Gives the client library a <see cref="WireAdapter"/> for its connection.</summary>
/// <param name="received">Told every message.</param>
/// <param name="heard">Told of every part of a large one.</param>
internal sealed class WireAdapterFactory(Action<MqttApplicationMessage> received, Action heard) : IMqttClientAdapterFactory
{
    // What the library itself starts with and keeps at most.
    private const int WriterBytes = 4096;
    private const int WriterBytesAtMost = 65_535;

    public IMqttChannelAdapter CreateClientAdapter(MqttClientOptions options, MqttPacketInspector packetInspector, IMqttNetLogger logger) =>
        new WireAdapter(new MqttTcpChannel(options), new MqttPacketFormatterAdapter(options.ProtocolVersion, new MqttBufferWriter(WriterBytes, WriterBytesAtMost)), received, heard);
}
