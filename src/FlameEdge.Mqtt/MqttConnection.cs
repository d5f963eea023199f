using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt;

/// <summary>One life of a link: a client that is connected once and then lost.</summary>
internal sealed class MqttConnection : IAsyncDisposable
{
    // mosquitto and AWS count filters per SUBSCRIBE; eight is what every broker takes.
    private const int FiltersPerSubscribe = 8;

    // More publishes under way than the broker announces is a protocol error that ends the connection; more than this brings nothing.
    private const int MaximumUnderWay = 32;

    // An answer that was read before the connection ended is on its way to who asked.
    private static readonly TimeSpan LastWord = TimeSpan.FromMilliseconds(200);

    private readonly IMqttClient client;
    private readonly CancellationTokenSource lost = new();
    private readonly Action heard;
    private readonly MqttTrafficCounter traffic;
    private SemaphoreSlim underWay = new(1);

    /// <param name="number">Counts the connections of a link from 1.</param>
    /// <param name="received">Told every message where it was read: must be quick, and copy what it keeps.</param>
    /// <param name="heard">Told whenever the broker has said anything.</param>
    /// <param name="traffic">Counts the messages of all the link's connections.</param>
    public MqttConnection(int number, Action<MqttApplicationMessage> received, Action heard, MqttTrafficCounter traffic)
    {
        Number = number;
        this.heard = heard;
        this.traffic = traffic;
        client = new MqttClientFactory().CreateMqttClient(new WireAdapterFactory(message =>
        {
            heard();
            traffic.Comes(message);
            received(message);
        }, heard));
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

    /// <summary>True where it speaks MQTT 3.1.1, in which nobody says why.</summary>
    public bool IsOldVersion { get; private set; }

    /// <summary>What the broker said at connect; null before.</summary>
    public MqttClientConnectResult? Answer { get; private set; }

    /// <summary>True where we ended it ourselves.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The broker's bound on a packet; <see cref="int.MaxValue"/> where it names none.</summary>
    public int MaximumPacketBytes { get; private set; } = int.MaxValue;

    /// <summary>Connects.</summary>
    /// <exception cref="MqttRefusedException">The broker answered and said no.</exception>
    /// <exception cref="CredentialsException">One side does not trust the other's certificate.</exception>
    public async Task ConnectAsync(ConnectAttempt attempt, MqttOptions options, CancellationToken cancellationToken)
    {
        IsOldVersion = attempt.Version != MqttProtocolVersion.V500;
        MqttClientConnectResult answer;
        try
        {
            answer = await client.ConnectAsync(attempt.Options, cancellationToken);
        }
        catch (Exception exception) when (ConnectFault.OfTrust(exception, attempt, options) is { } mistrust)
        {
            throw new CredentialsException(mistrust.Message, exception) { IsCertain = mistrust.IsCertain };
        }

        if (answer.ResultCode != MqttClientConnectResultCode.Success)
        {
            // Brokers of 3.1.1 answer a newer client with their own code, 1.
            var isOfVersion = answer.ResultCode is MqttClientConnectResultCode.UnsupportedProtocolVersion or (MqttClientConnectResultCode)1;
            throw new MqttRefusedException(isOfVersion ? $"it does not take MQTT {(attempt.Version == MqttProtocolVersion.V500 ? "5" : "3.1.1")}" : answer.ResultCode.ToString()) { IsOfVersion = isOfVersion };
        }

        Answer = answer;
        heard();

        // The library says 0 where the broker said nothing, as those of 3.1.1 always do: a profile may know.
        var profile = options.Profile;
        MaximumPacketBytes = Math.Min(answer.MaximumPacketSize is > 0 and < int.MaxValue and var bytes ? (int)bytes : int.MaxValue, profile.MaximumPacketBytes ?? int.MaxValue);
        underWay = new SemaphoreSlim(Math.Min(answer.ReceiveMaximum is > 0 and < MaximumUnderWay and var count ? count : MaximumUnderWay, profile.Window ?? MaximumUnderWay));
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

            var answer = await AnswerAsync(client.SubscribeAsync(subscribe.Build(), cancellationToken));
            heard();
            if (answer.Items.FirstOrDefault(item => item.ResultCode > MqttClientSubscribeResultCode.GrantedQoS2) is { } refused)
            {
                throw new MqttRefusedException($"a subscription to {refused.TopicFilter.Topic} ({refused.ResultCode})");
            }
        }
    }

    /// <summary>Subscribes with a quality of service and says which one is granted.</summary>
    public async Task<MqttClientSubscribeResultCode> GrantedAsync(string filter, MqttQualityOfServiceLevel wanted, CancellationToken cancellationToken)
    {
        var answer = await AnswerAsync(client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter, wanted).Build(), cancellationToken));
        return answer.Items.Single().ResultCode;
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

            await AnswerAsync(client.UnsubscribeAsync(unsubscribe.Build(), cancellationToken));
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
            var answer = await AnswerAsync(client.PublishAsync(message, CancellationToken.None));
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
        IsClosed = true;
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

    /// <summary>What the broker answers, even where it hangs up in the same breath, as mosquitto 2.0.11 does after a refusal: the answer was read first.</summary>
    private async Task<T> AnswerAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked.WaitAsync(Lost);
        }
        catch (OperationCanceledException) when (Lost.IsCancellationRequested)
        {
            await Task.WhenAny(asked, Task.Delay(LastWord, TimeProvider.System, CancellationToken.None));
            if (asked.IsCompletedSuccessfully)
            {
                return await asked;
            }

            throw;
        }
    }
}

/// <summary>The broker answered and said no.</summary>
/// <param name="message">What it said.</param>
internal sealed class MqttRefusedException(string message) : Exception(message)
{
    /// <summary>True where it was the version of MQTT it does not take.</summary>
    public bool IsOfVersion { get; init; }
}
