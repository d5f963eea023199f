using MQTTnet.Adapter;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt;

/// <summary>Which version of MQTT a broker is spoken to with; shared by all connections of a process that share their options.</summary>
internal sealed class ProtocolChoice
{
    // A connection may end before its answer for other reasons too: one such end proves nothing about the version.
    private const int DoubtsThatProve = 2;

    private int doubts;

    /// <summary>The version to try first.</summary>
    public MqttProtocolVersion First(string wanted) =>
        wanted == "3.1.1" || (wanted == "auto" && Volatile.Read(ref doubts) >= DoubtsThatProve) ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;

    /// <summary>True where this end of an attempt may be meant for the version: brokers of 3.1.1 say so (NATS) or hang up without a word (RabbitMQ).</summary>
    public static bool MayBeOfVersion(Exception failure, string wanted, MqttProtocolVersion tried) =>
        wanted == "auto" && tried == MqttProtocolVersion.V500
        && failure is MqttRefusedException { IsOfVersion: true } or CredentialsException { IsCertain: false }
            or MqttConnectingFailedException { InnerException: MqttCommunicationException and not MqttCommunicationTimedOutException };

    /// <summary>The broker took the newer version.</summary>
    public void TookNew() => Volatile.Write(ref doubts, 0);

    /// <summary>The broker took the older version after the newer one had failed so.</summary>
    public void TookOldAfter(Exception failure)
    {
        if (failure is MqttRefusedException)
        {
            Volatile.Write(ref doubts, DoubtsThatProve);
        }
        else
        {
            Interlocked.Increment(ref doubts);
        }
    }
}
