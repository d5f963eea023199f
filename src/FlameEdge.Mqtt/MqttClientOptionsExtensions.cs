using MQTTnet;

namespace FlameEdge.Mqtt;

/// <summary>What the client library's own builder does not offer.</summary>
internal static class MqttClientOptionsExtensions
{
    // The default of 8 KiB is set on the socket and makes a 1 MB publish wait half a second for delayed acknowledgements (measured).
    private const int SocketBufferBytes = 256 * 1024;

    /// <summary>Gives the socket room for a chunk.</summary>
    public static MqttClientOptions WithLargeBuffers(this MqttClientOptions options)
    {
        if (options.ChannelOptions is MqttClientTcpOptions tcp)
        {
            tcp.BufferSize = SocketBufferBytes;
        }

        return options;
    }
}
