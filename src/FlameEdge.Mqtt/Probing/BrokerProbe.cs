using FlameEdge.Diagnostics;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Probing;

/// <summary>Finds out what a broker does by doing it: a few megabytes and some seconds, under topics of its own, which it clears.</summary>
public sealed class BrokerProbe
{
    /// <summary>Subscriptions tried in one session.</summary>
    public const int ManySubscriptions = 200;

    private const int RoundTrips = 50;
    private const int Chunks = 32;
    private const int ChunkBytes = 256 * 1024;

    // From the largest down: what arrives first is what the broker takes.
    private static readonly int[] PacketBytes = [1024 * 1024 - 1024, 512 * 1024, 256 * 1024, 64 * 1024];

    // What does not come within this does not come.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    private readonly MqttOptions options;
    private readonly string name = $"probe-{Guid.NewGuid():n}"[..18];
    private readonly string root;
    private MqttProtocolVersion version = MqttProtocolVersion.V500;
    private int clients;

    private BrokerProbe(MqttOptions options)
    {
        this.options = options;
        root = $"{options.Prefix}/fleet/{name}";
    }

    /// <summary>Probes a broker; takes up to a minute and a half.</summary>
    /// <exception cref="ChannelException">It cannot be reached, refuses us, or stops answering.</exception>
    public static async Task<BrokerFindings> RunAsync(MqttOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            return await new BrokerProbe(options).MeasureAsync(bound.Token);
        }
        catch (Exception exception) when (exception is MqttRefusedException or CredentialsException)
        {
            throw ConnectFault.Refused(exception, "of the probe", options);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            throw ConnectFault.Unreachable(exception, options);
        }
    }

    private async Task<BrokerFindings> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var sender = await FirstAsync(cancellationToken);
        var answer = sender.Connection.Answer!; // It is connected.
        var byTopic = await RetainedAsync(sender, $"{root}/kept", cancellationToken);
        var byWildcard = await RetainedAsync(sender, $"{options.Prefix}/fleet/+/kept", cancellationToken);
        await sender.PublishAsync($"{root}/kept", [], retain: true);
        var subscriptions = await SubscriptionsAsync(cancellationToken);
        var largest = await LargestAsync(cancellationToken);
        return new BrokerFindings
        {
            Protocol = version == MqttProtocolVersion.V500 ? "5" : "3.1.1",
            MaximumPacketBytes = answer.MaximumPacketSize is > 0 and < int.MaxValue and var bytes ? (int)bytes : largest,
            Window = answer.ReceiveMaximum is > 0 and < ushort.MaxValue and var window ? window : null,
            ExactRetained = byTopic && !byWildcard,
            FewSubscriptions = subscriptions < ManySubscriptions,
            Subscriptions = subscriptions,
            RetainedByTopic = byTopic,
            RetainedByWildcard = byWildcard,
            ResumesSessions = await ResumesAsync(sender, cancellationToken),
            SpeaksWills = await WillAsync(sender, cancellationToken),
            SharesSubscriptions = await SharesAsync(sender, cancellationToken),
            RoundTripMilliseconds = Math.Round(await RoundTripAsync(sender, cancellationToken), 2),
            MegabytesPerSecond = Math.Round(await ThroughputAsync(sender, cancellationToken), 1),
        };
    }

    private async Task<ProbeClient> FirstAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await NextAsync(cancellationToken);
        }
        catch (Exception failure) when (ProtocolChoice.MayBeOfVersion(failure, options.Protocol, version))
        {
            version = MqttProtocolVersion.V311;
            return await NextAsync(cancellationToken);
        }
    }

    private Task<ProbeClient> NextAsync(CancellationToken cancellationToken) =>
        ProbeClient.ConnectAsync(options, $"{name}-{++clients}", version, will: null, isLasting: false, cancellationToken);

    private async Task<bool> RetainedAsync(ProbeClient sender, string filter, CancellationToken cancellationToken)
    {
        await sender.PublishAsync($"{root}/kept", "kept", retain: true);
        await using var late = await NextAsync(cancellationToken);
        await late.SubscribeAsync(filter, cancellationToken);
        return await late.HasAsync($"{root}/kept", 1, Patience, cancellationToken);
    }

    /// <summary>The last of many subscriptions must still be served; brokers that hold few refuse, hang up or fall silent.</summary>
    private async Task<int> SubscriptionsAsync(CancellationToken cancellationToken)
    {
        await using var many = await NextAsync(cancellationToken);
        var taken = 0;
        try
        {
            while (taken < ManySubscriptions)
            {
                await many.SubscribeAsync($"{root}/many/{taken}", cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken);
                taken++;
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            // So many and no more.
        }

        return taken;
    }

    /// <summary>The largest packet tried that arrives; null where that is the largest of all.</summary>
    private async Task<int?> LargestAsync(CancellationToken cancellationToken)
    {
        foreach (var bytes in PacketBytes)
        {
            try
            {
                // A connection for each: too large a packet ends it.
                await using var client = await NextAsync(cancellationToken);
                await client.SubscribeAsync($"{root}/large", cancellationToken);
                await client.PublishAsync($"{root}/large", new byte[bytes]).WaitAsync(Patience, TimeProvider.System, cancellationToken);
                if (await client.HasAsync($"{root}/large", 1, Patience, cancellationToken))
                {
                    return bytes == PacketBytes[0] ? null : bytes;
                }
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
            {
                // Too large; try less.
            }
        }

        return 1024;
    }

    private async Task<bool> ResumesAsync(ProbeClient sender, CancellationToken cancellationToken)
    {
        var id = $"{name}-away";
        await using (var before = await ProbeClient.ConnectAsync(options, id, version, will: null, isLasting: true, cancellationToken))
        {
            await before.SubscribeAsync($"{root}/away", cancellationToken);
            await before.Connection.CloseAsync(Patience);
        }

        await sender.PublishAsync($"{root}/away", "meanwhile");
        bool came;
        await using (var after = await ProbeClient.ConnectAsync(options, id, version, will: null, isLasting: true, cancellationToken))
        {
            came = await after.HasAsync($"{root}/away", 1, Patience, cancellationToken);
            await after.Connection.CloseAsync(Patience);
        }

        // A clean start takes the session away again.
        await using var last = await ProbeClient.ConnectAsync(options, id, version, will: null, isLasting: false, cancellationToken);
        return came;
    }

    private async Task<bool> WillAsync(ProbeClient sender, CancellationToken cancellationToken)
    {
        await sender.SubscribeAsync($"{root}/will", cancellationToken);
        var dying = await ProbeClient.ConnectAsync(options, $"{name}-will", version, $"{root}/will", isLasting: true, cancellationToken);
        await dying.DisposeAsync();
        var spoken = await sender.HasAsync($"{root}/will", 1, Patience, cancellationToken);
        await using var last = await ProbeClient.ConnectAsync(options, $"{name}-will", version, will: null, isLasting: false, cancellationToken);
        return spoken;
    }

    private async Task<bool> SharesAsync(ProbeClient sender, CancellationToken cancellationToken)
    {
        const int Packets = 10;
        await using var one = await NextAsync(cancellationToken);
        await using var other = await NextAsync(cancellationToken);
        try
        {
            await one.SubscribeAsync($"$share/{name}/{root}/shared", cancellationToken);
            await other.SubscribeAsync($"$share/{name}/{root}/shared", cancellationToken);
            for (var packet = 0; packet < Packets; packet++)
            {
                await sender.PublishAsync($"{root}/shared", "part");
            }

            var start = TimeProvider.System.GetTimestamp();
            while (one.Count + other.Count < Packets && TimeProvider.System.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
            }

            return one.Count + other.Count == Packets && one.Count > 0 && other.Count > 0;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            return false;
        }
    }

    private async Task<double> RoundTripAsync(ProbeClient client, CancellationToken cancellationToken)
    {
        await client.SubscribeAsync($"{root}/echo", cancellationToken);
        var times = new List<double>(RoundTrips);
        for (var trip = 1; trip <= RoundTrips; trip++)
        {
            var start = TimeProvider.System.GetTimestamp();
            await client.PublishAsync($"{root}/echo", "echo");
            if (!await client.HasAsync($"{root}/echo", trip, Patience, cancellationToken))
            {
                throw new TimeoutException("a message that was acknowledged did not come back");
            }

            times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        return times[RoundTrips / 2];
    }

    private async Task<double> ThroughputAsync(ProbeClient sender, CancellationToken cancellationToken)
    {
        await using var receiver = await NextAsync(cancellationToken);
        await receiver.SubscribeAsync($"{root}/bulk", cancellationToken);
        var chunk = new byte[ChunkBytes];
        var start = TimeProvider.System.GetTimestamp();
        for (var sent = 0; sent < Chunks; sent++)
        {
            await sender.PublishAsync($"{root}/bulk", chunk).WaitAsync(cancellationToken);
        }

        if (!await receiver.HasAsync($"{root}/bulk", Chunks, Bound, cancellationToken))
        {
            throw new TimeoutException("packets that were acknowledged did not arrive");
        }

        return (double)Chunks * ChunkBytes / 1e6 / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
    }
}
