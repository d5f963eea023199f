using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Access;

/// <summary>Gives rights to a running RabbitMQ by way of its management plugin, on the virtual host <c>/</c>.</summary>
public static class RabbitMqManagement
{
    /// <summary>Creates users where they are missing, without passwords, and gives each exactly its rights; other users are left alone. It may be done again at any time.</summary>
    /// <param name="options">The plugin's address in the place of the broker's (<c>http://host:15672</c>, <c>https://host:15671</c>), the file with the
    /// administrator's password and, for https, with the authorities trusted, and how long to wait.</param>
    /// <param name="administrator">A user with the tag <c>administrator</c>.</param>
    /// <param name="list">The rights.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was refused, one line each; empty where all is as it should be.</returns>
    /// <exception cref="ChannelException">The plugin cannot be reached, or refuses the administrator.</exception>
    public static async Task<IReadOnlyList<string>> ApplyAsync(MqttOptions options, string administrator, AccessList list, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(list);
        try
        {
            using var client = Connect(options, administrator);
            List<string> refusals = [];
            foreach (var user in list.Users)
            {
                await GiveAsync(client, user, refusals, cancellationToken);
            }

            return refusals;
        }
        catch (CredentialsException exception)
        {
            throw new ChannelException(exception.Message, exception) { Fault = ChannelFault.BrokerUnreachable };
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            var why = exception is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden }
                ? $"it refuses {administrator}: use a user with the tag administrator, and its password file"
                : $"{exception.Message.TrimEnd('.')}; enable the plugin rabbitmq_management and check its address";
            throw new ChannelException($"RabbitMQ's management at {options.Broker} gives no rights ({why})", exception) { Fault = ChannelFault.BrokerUnreachable };
        }
    }

    private static HttpClient Connect(MqttOptions options, string administrator)
    {
        var credentials = new Credentials(options, TimeProvider.System);
        var password = credentials.Password() ?? throw new CredentialsException($"RabbitMQ's management asks {administrator} for a password: name its file with --password-file");
        var handler = new SocketsHttpHandler();
        if (credentials.Authorities() is { } authorities)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        var client = new HttpClient(handler)
        {
            BaseAddress = new Uri($"{options.Broker.GetLeftPart(UriPartial.Authority)}/api/"),
            Timeout = options.StartTimeout,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{administrator}:{password}")));
        return client;
    }

    private static async Task GiveAsync(HttpClient client, UserAccess user, List<string> refusals, CancellationToken cancellationToken)
    {
        using var known = await client.GetAsync($"users/{user.User}", cancellationToken);
        if (known.StatusCode != HttpStatusCode.NotFound)
        {
            known.EnsureSuccessStatusCode();
        }
        else
        {
            // Who has no password is let in by certificate alone.
            await PutAsync($"users/{user.User}", ("password_hash", string.Empty), ("tags", string.Empty));
        }

        var own = RabbitMqAccess.OwnQueues(user.User);
        await PutAsync($"permissions/%2F/{user.User}", ("configure", own.Configure), ("write", own.Use), ("read", own.Use));
        await PutAsync($"topic-permissions/%2F/{user.User}", ("exchange", RabbitMqAccess.Exchange), ("write", RabbitMqAccess.Expression(user.Write)), ("read", RabbitMqAccess.Expression(user.Read)));

        async Task PutAsync(string path, params (string Name, string Value)[] fields)
        {
            using var content = new ByteArrayContent(Json(fields));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await client.PutAsync(path, content, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                refusals.Add($"{path}: {(int)answer.StatusCode} {answer.ReasonPhrase}");
            }
        }
    }

    private static byte[] Json((string Name, string Value)[] fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
