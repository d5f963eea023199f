using System.Collections.Concurrent;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Testing.Channels;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Protocol;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>A message as a plain client was sent it.</summary>
internal sealed record HeardMessage(TimeSpan At, string Topic, string Text, bool IsRetained);

/// <summary>A plain MQTT client that knows nothing of FlameEdge: it looks on, posts, or attacks. What a broker answers it is not believed, only what arrives.</summary>
internal sealed class PlainClient : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly ConcurrentQueue<HeardMessage> heard = [];
    private readonly long start = TimeProvider.System.GetTimestamp();

    private PlainClient() => client.ApplicationMessageReceivedAsync += arrived =>
    {
        var message = arrived.ApplicationMessage;
        heard.Enqueue(new(TimeProvider.System.GetElapsedTime(start), message.Topic, message.ConvertPayloadToString() ?? string.Empty, message.Retain));
        return Task.CompletedTask;
    };

    /// <summary>What it was sent, in order.</summary>
    public IReadOnlyCollection<HeardMessage> Heard => heard;

    /// <summary>Connects, where the broker lets it.</summary>
    /// <param name="port">The broker's.</param>
    /// <param name="clientId">As whom it calls itself.</param>
    /// <param name="files">What it trusts and shows; null for no TLS.</param>
    /// <param name="showsCertificate">False to show nothing.</param>
    /// <param name="user">A user's name it claims.</param>
    public static async Task<PlainClient> ConnectAsync(int port, string clientId, TlsFiles? files, bool showsCertificate = true, string? user = null)
    {
        var plain = new PlainClient();
        var options = new MqttClientOptionsBuilder().WithClientId(clientId).WithTcpServer("localhost", port).WithCleanStart().WithTimeout(TimeSpan.FromSeconds(5));
        if (user is not null)
        {
            options.WithCredentials(user, "guess");
        }

        using var certificate = files is null || !showsCertificate ? null : X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        if (files is not null)
        {
            // Whom the attacker trusts is the attacker's own business.
            options.WithTlsOptions(tls => tls.UseTls().WithCertificateValidationHandler(static _ => true).WithClientCertificates(certificate is null ? [] : [certificate]));
        }

        await TryAsync(() => plain.client.ConnectAsync(options.Build()));
        return plain;
    }

    public Task SubscribeAsync(string filter) => TryAsync(() => client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce));

    public Task PublishAsync(string topic, string text, bool retain = false) => TryAsync(() => client.PublishStringAsync(topic, text, MqttQualityOfServiceLevel.AtLeastOnce, retain));

    /// <summary>Waits for a message; fails where it does not come.</summary>
    public async Task<HeardMessage> UntilAsync(Func<HeardMessage, bool> isIt, string what)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            if (heard.FirstOrDefault(isIt) is { } found)
            {
                return found;
            }

            Assert.False(bound.IsCancellationRequested, $"waited {Bound} for {what}; the last of {heard.Count}:\n{string.Join('\n', heard.TakeLast(20).Select(message => $"{message.Topic} {message.Text}"))}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    // An attack may cost the attacker its connection, or never get one.
    private static async Task TryAsync<T>(Func<Task<T>> attempt)
    {
        try
        {
            await attempt().WaitAsync(Bound);
        }
        catch (Exception exception) when (exception is MqttCommunicationException or MqttClientDisconnectedException or MqttClientNotConnectedException or IOException or AuthenticationException or OperationCanceledException or TimeoutException)
        {
            _ = exception;
        }
    }
}
