using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Mqtt.Access;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace FlameEdge.Mqtt;

/// <summary>The embedded broker's door: who is who, and who may write and read what.</summary>
internal sealed class EmbeddedGate(AccessList access)
{
    private readonly ConcurrentDictionary<string, UserAccess> clients = new(StringComparer.Ordinal);

    /// <summary>Has a server ask here.</summary>
    public void Guard(MqttServer server)
    {
        server.ValidatingConnectionAsync += OnConnectingAsync;
        server.InterceptingPublishAsync += OnPublishAsync;
        server.InterceptingSubscriptionAsync += OnSubscribeAsync;
        server.InterceptingClientEnqueueAsync += OnDeliverAsync;
    }

    /// <summary>The user is the certificate's common name, and the client's id is the user's: nobody pushes another out of its session.</summary>
    private Task OnConnectingAsync(ValidatingConnectionEventArgs connecting)
    {
        var user = connecting.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (user is not null && access.Find(user) is { } rights && (connecting.ClientId == user || connecting.ClientId == $"{user}_bulk"))
        {
            clients[connecting.ClientId] = rights;
        }
        else
        {
            connecting.ReasonCode = MqttConnectReasonCode.NotAuthorized;
        }

        return Task.CompletedTask;
    }

    private Task OnPublishAsync(InterceptingPublishEventArgs publish)
    {
        if (!(Find(publish.ClientId)?.MayWrite(publish.ApplicationMessage.Topic) ?? false))
        {
            publish.ProcessPublish = false;
            publish.Response.ReasonCode = MqttPubAckReasonCode.NotAuthorized;
        }

        return Task.CompletedTask;
    }

    private Task OnSubscribeAsync(InterceptingSubscriptionEventArgs subscribe)
    {
        if (!(Find(subscribe.ClientId)?.MayRead(subscribe.TopicFilter.Topic) ?? false))
        {
            subscribe.ProcessSubscription = false;
            subscribe.Response.ReasonCode = MqttSubscribeReasonCode.NotAuthorized;
        }

        return Task.CompletedTask;
    }

    private Task OnDeliverAsync(InterceptingClientApplicationMessageEnqueueEventArgs deliver)
    {
        deliver.AcceptEnqueue &= Find(deliver.ReceiverClientId)?.MayRead(deliver.ApplicationMessage.Topic) ?? false;
        return Task.CompletedTask;
    }

    private UserAccess? Find(string client) => clients.GetValueOrDefault(client);
}
