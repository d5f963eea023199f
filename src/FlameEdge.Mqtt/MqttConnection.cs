using MQTTnet;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt;

/// <summary>One life of a link: a client that is connected once and then lost.</summary>
internal sealed class MqttConnection : IAsyncDisposable
{
    // mosquitto and AWS count filters per SUBSCRIBE; eight is what every broker takes.
    private const int FiltersPerSubscribe = 8;

    // More publishes under way than the broker announces is a protocol error that ends the connection; more than this brings nothing.
    private const int MaximumUnderWay = 32;

    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly CancellationTokenSource lost = new();
    private readonly Action heard;
    private readonly MqttTrafficCounter traffic;
    private SemaphoreSlim underWay = new(1);

    /// <param name="number">Counts the connections of a link from 1.</param>
    /// <param name="received">Told every message; must be quick.</param>
    /// <param name="heard">Told whenever the broker has said anything.</param>
    /// <param name="traffic">Counts the messages of all the link's connections.</param>
    public MqttConnection(int number, Action<MqttApplicationMessage> received, Action heard, MqttTrafficCounter traffic)
    {
        Number = number;
        this.heard = heard;
        this.traffic = traffic;
        client.ApplicationMessageReceivedAsync += arrived =>
        {
            heard();
            traffic.Comes(arrived.ApplicationMessage);
            received(arrived.ApplicationMessage);
            return Task.CompletedTask;
        };
        client.DisconnectedAsync += disconnected =>
        {
            Reason = disconnected.Reason;
            return lost.CancelAsync();
        };
    }

    /// <summary>Counts the connections of a link from 1.</summary>
    public int Number { get; }

    /// <summary>Cancelled when the connection is lost.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Why it was lost.</summary>
    public MqttClientDisconnectReason Reason { get; private set; }

    /// <summary>The broker's bound on a packet; <see cref="int.MaxValue"/> where it names none.</summary>
    public int MaximumPacketBytes { get; private set; } = int.MaxValue;

    /// <summary>Connects.</summary>
    /// <exception cref="MqttRefusedException">The broker answered and said no.</exception>
    public async Task ConnectAsync(MqttClientOptions options, CancellationToken cancellationToken)
    {
        var answer = await client.ConnectAsync(options, cancellationToken);
        if (answer.ResultCode != MqttClientConnectResultCode.Success)
        {
            throw new MqttRefusedException(answer.ResultCode.ToString());
        }

        heard();

        // The library says 0 where the broker said nothing.
        MaximumPacketBytes = answer.MaximumPacketSize is > 0 and < int.MaxValue and var bytes ? (int)bytes : int.MaxValue;
        underWay = new SemaphoreSlim(answer.ReceiveMaximum is > 0 and < MaximumUnderWay and var count ? count : MaximumUnderWay);
    }

    /// <summary>Subscribes; retained messages come again even where the filter was subscribed before.</summary>
    public async Task SubscribeAsync(IEnumerable<string> filters, CancellationToken cancellationToken)
    {
        foreach (var batch in filters.Chunk(FiltersPerSubscribe))
        {
            var subscribe = new MqttClientSubscribeOptionsBuilder();
            foreach (var filter in batch)
            {
                subscribe.WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce);
            }

            var answer = await client.SubscribeAsync(subscribe.Build(), cancellationToken).WaitAsync(Lost);
            heard();
            if (answer.Items.FirstOrDefault(item => item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2) is { } refused)
            {
                throw new MqttRefusedException($"a subscription to {refused.TopicFilter.Topic} ({refused.ResultCode})");
            }
        }
    }

    /// <summary>Unsubscribes.</summary>
    public async Task UnsubscribeAsync(IEnumerable<string> filters, CancellationToken cancellationToken)
    {
        foreach (var batch in filters.Chunk(FiltersPerSubscribe))
        {
            var unsubscribe = new MqttClientUnsubscribeOptionsBuilder();
            foreach (var filter in batch)
            {
                unsubscribe.WithTopicFilter(filter);
            }

            await client.UnsubscribeAsync(unsubscribe.Build(), cancellationToken).WaitAsync(Lost);
        }
    }

    /// <summary>Publishes with QoS 1 and waits until the broker has the packet, which says nothing about anybody else.</summary>
    public async Task PublishAsync(MqttApplicationMessage message)
    {
        await underWay.WaitAsync(Lost);
        try
        {
            traffic.Leaves(message);

            // Not cancelled: a packet cut off in the middle would spoil the stream.
            var answer = await client.PublishAsync(message, CancellationToken.None).WaitAsync(Lost);
            heard();
            if (answer.ReasonCode is not (MqttClientPublishReasonCode.Success or MqttClientPublishReasonCode.NoMatchingSubscribers))
            {
                throw new MqttRefusedException($"a packet on {message.Topic} ({answer.ReasonCode})");
            }
        }
        finally
        {
            underWay.Release();
        }
    }

    /// <summary>Says good-bye, so that the broker keeps the will to itself.</summary>
    public async Task CloseAsync(TimeSpan bound)
    {
        using var timeout = new CancellationTokenSource(bound);
        try
        {
            await client.DisconnectAsync(new MqttClientDisconnectOptions(), timeout.Token);
        }
        catch (Exception exception) when (MqttLink.IsConnectionTrouble(exception))
        {
            // It is gone either way.
        }
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await lost.CancelAsync();
    }
}

/// <summary>The broker answered and said no.</summary>
/// <param name="message">What it said.</param>
internal sealed class MqttRefusedException(string message) : Exception(message);
