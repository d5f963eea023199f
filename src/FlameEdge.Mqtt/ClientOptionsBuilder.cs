using System.Security.Authentication;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt;

/// <summary>Turns an agent's options into those of the client library, for one connection at a time.</summary>
internal sealed class ClientOptionsBuilder(MqttOptions options, AgentId agent, TimeProvider time)
{
    private readonly Credentials credentials = new(options, time);

    /// <summary>The files this agent shows and trusts.</summary>
    public Credentials Credentials => credentials;

    /// <summary>A connection whose session the broker forgets with it.</summary>
    public ConnectAttempt Passing(string clientId, MqttProtocolVersion version) => Build(clientId, version, static builder => builder.WithCleanStart());

    /// <summary>A connection whose session outlives it, with a last will.</summary>
    public ConnectAttempt Lasting(string clientId, MqttProtocolVersion version, string willTopic, byte[] will) => Build(clientId, version, builder =>
    {
        // Version 3.1.1 knows no expiry: the broker keeps the session by its own rules, which brokers/ sets.
        if (version == MqttProtocolVersion.V500)
        {
            builder.WithSessionExpiryInterval((uint)options.SessionExpiry.TotalSeconds);
        }

        return builder
            .WithCleanStart(false)
            .WithWillTopic(willTopic)
            .WithWillPayload(will)
            .WithWillRetain()
            .WithWillQualityOfServiceLevel(MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce);
    });

    private ConnectAttempt Build(string clientId, MqttProtocolVersion version, Func<MqttClientOptionsBuilder, MqttClientOptionsBuilder> more)
    {
        var builder = new MqttClientOptionsBuilder()
            .WithProtocolVersion(version)
            .WithClientId(clientId)
            .WithTcpServer(options.Host, options.Port)
            .WithKeepAlivePeriod(options.KeepAlive)
            .WithTimeout(options.ConnectTimeout);
        var trust = options.IsTls ? AddTls(builder) : null;
        AddUser(builder);
        return new ConnectAttempt(more(builder).Build().WithLargeBuffers(), trust);
    }

    private BrokerTrust AddTls(MqttClientOptionsBuilder builder)
    {
        var trust = new BrokerTrust(credentials.Authorities(), options, time);
        var certificate = credentials.Certificate();
        builder.WithTlsOptions(tls =>
        {
            // None leaves the version to the system, which knows what is still safe.
            tls.UseTls().WithSslProtocols(SslProtocols.None).WithTargetHost(options.Host)
                .WithCertificateValidationHandler(shown => trust.Accepts(shown.Certificate, shown.Chain, shown.SslPolicyErrors));
            if (certificate is not null)
            {
                tls.WithClientCertificates([certificate]);
            }
        });
        return trust;
    }

    private void AddUser(MqttClientOptionsBuilder builder)
    {
        if (credentials.Password() is { } password)
        {
            builder.WithCredentials(options.User ?? agent.Value, password);
        }
        else if (options.User is not null)
        {
            builder.WithCredentials(options.User, string.Empty);
        }
    }
}
