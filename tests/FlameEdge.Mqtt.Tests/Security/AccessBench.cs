using System.Collections.Concurrent;
using System.Security.Authentication;
using FlameEdge.Testing.Channels;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>A client that does what it likes, and remembers what it was sent. What a broker answers is not believed: only what arrives counts.</summary>
internal sealed class AccessBench : IAsyncDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly ConcurrentQueue<(string Topic, string Text)> received = [];

    public IEnumerable<(string Topic, string Text)> Received => received;

    public static async Task<AccessBench> ConnectAsync(MqttOptions options, string user, MqttProtocolVersion version, string? clientId = null, (string Topic, string Text)? will = null)
    {
        var bench = new AccessBench();
        bench.client.ApplicationMessageReceivedAsync += arrived =>
        {
            bench.received.Enqueue((arrived.ApplicationMessage.Topic, arrived.ApplicationMessage.ConvertPayloadToString() ?? string.Empty));
            return Task.CompletedTask;
        };
        var plan = new ClientOptionsBuilder(options, new(user), TimeProvider.System).Passing(clientId ?? user, version).Options;
        if (will is { } last)
        {
            (plan.WillTopic, plan.WillPayload) = (last.Topic, System.Text.Encoding.UTF8.GetBytes(last.Text));
        }

        await IgnoringAsync(() => bench.client.ConnectAsync(plan));
        return bench;
    }

    public bool IsConnected => client.IsConnected;

    public async Task SubscribeAsync(string filter) => await IgnoringAsync(() => client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce));

    public async Task PublishAsync(string topic, string text, bool retain = false) => await IgnoringAsync(() => client.PublishStringAsync(topic, text, MqttQualityOfServiceLevel.AtLeastOnce, retain));

    /// <summary>Waits until a text has arrived; where the client may have been thrown out, until that at the latest.</summary>
    public async Task UntilAsync(string text, bool mayBeThrownOut = false)
    {
        using var bound = new CancellationTokenSource(Seat.Bound);
        while (!received.Any(message => message.Text == text) && !(mayBeThrownOut && !client.IsConnected))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, bound.Token);
        }
    }

    /// <summary>Ends as a crash would: the broker speaks its will.</summary>
    public void Die() => client.Dispose();

    /// <summary>Says good-bye: who is still there when the next of its name comes is thrown out, which NATS punishes with a pause.</summary>
    public async ValueTask DisposeAsync()
    {
        await IgnoringAsync(async () =>
        {
            await client.DisconnectAsync();
            return true;
        });
        client.Dispose();
    }

    private static async Task IgnoringAsync<T>(Func<Task<T>> attempt)
    {
        try
        {
            await attempt().WaitAsync(Seat.Bound);
        }
        catch (Exception exception) when (MqttLink.IsConnectionTrouble(exception))
        {
            // An attack may cost the attacker its connection.
        }
    }
}
