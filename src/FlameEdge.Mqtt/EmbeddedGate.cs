using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Access;
using FlameEdge.Mqtt.Identity;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace FlameEdge.Mqtt;

/// <summary>The embedded broker's door: who is who, by certificate or password, and who may write and read what.</summary>
/// <param name="access">Everybody's rights; null lets whoever is somebody do everything.</param>
/// <param name="passwords">Passwords; null for none.</param>
/// <param name="told">Told why the passwords cannot be read.</param>
internal sealed class EmbeddedGate(AccessList? access, PasswordBook? passwords, Action<string> told)
{
    private static readonly UserAccess Everything = new(string.Empty, ["#"], ["#"]);
    private readonly ConcurrentDictionary<string, UserAccess> clients = new(StringComparer.Ordinal);

    /// <summary>Has a server ask here.</summary>
    public void Guard(MqttServer server)
    {
        server.ValidatingConnectionAsync += OnConnectingAsync;
        server.InterceptingPublishAsync += OnPublishAsync;
        server.InterceptingSubscriptionAsync += OnSubscribeAsync;
        server.InterceptingClientEnqueueAsync += OnDeliverAsync;
    }

    /// <summary>The user is the certificate's common name, else who gives the right password. A client's id is the user's name, or begins with it and an underscore, which no name has:
    /// nobody pushes another out of its session.</summary>
    private Task OnConnectingAsync(ValidatingConnectionEventArgs connecting)
    {
        if (UserOf(connecting) is { } user
            && (access is null ? Everything : access.Find(user)) is { } rights
            && (connecting.ClientId == user || connecting.ClientId.StartsWith($"{user}_", StringComparison.Ordinal)))
        {
            clients[connecting.ClientId] = rights;
        }
        else
        {
            connecting.ReasonCode = MqttConnectReasonCode.NotAuthorized;
        }

        return Task.CompletedTask;
    }

    private string? UserOf(ValidatingConnectionEventArgs connecting)
    {
        if (connecting.ClientCertificate is { } certificate)
        {
            return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        }

        try
        {
            return passwords is not null && connecting is { UserName: { } user, RawPassword: { } password } && passwords.IsRight(user, password) ? user : null;
        }
        catch (StateException exception)
        {
            told(exception.Message);
            return null;
        }
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
