namespace FlameEdge.Mqtt.Probing;

/// <summary>How fast and how much at once a broker carries.</summary>
internal sealed class FlowProbe(ProbeDesk desk, ProbeClient sender)
{
    /// <summary>The largest packet tried.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Every broker takes this.</summary>
    private const int LeastBytes = 1024;

    // Topic and lengths around a payload.
    private const int Overhead = 256;
    private const int RoundTrips = 50;
    private const int Chunks = 32;
    private const int ChunkBytes = 256 * 1024;

    // A packet under way for longer than this holds up whatever waits behind it: no more is tried.
    private static readonly TimeSpan LongestPacket = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BisectionBound = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    // What the broker has acknowledged it either delivers or drops.
    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(10);

    private enum Fate
    {
        Arrived,
        Refused,
        TooSlow,
    }

    /// <summary>There and back for a small message, the median.</summary>
    public async Task<TimeSpan> RoundTripAsync(CancellationToken cancellationToken)
    {
        var topic = $"{desk.Root}/echo";
        await sender.SubscribeAsync(topic, cancellationToken);
        var times = new List<TimeSpan>(RoundTrips);
        var before = sender.CountOf(topic);
        for (var trip = 1; trip <= RoundTrips; trip++)
        {
            var start = TimeProvider.System.GetTimestamp();
            await sender.PublishAsync(topic, "echo");
            if (!await sender.HasAsync(topic, before + trip, ProbeDesk.Patience, cancellationToken))
            {
                throw new TimeoutException("a message that was acknowledged did not come back");
            }

            times.Add(TimeProvider.System.GetElapsedTime(start));
        }

        times.Sort();
        return times[RoundTrips / 2];
    }

    /// <summary>Through the broker to one receiver, in bytes a second.</summary>
    public async Task<double> ThroughputAsync(CancellationToken cancellationToken)
    {
        var topic = $"{desk.Root}/bulk";
        await using var receiver = await desk.NextAsync(cancellationToken);
        await receiver.SubscribeAsync(topic, cancellationToken);
        var chunk = new byte[ChunkBytes];
        var start = TimeProvider.System.GetTimestamp();
        for (var sent = 0; sent < Chunks; sent++)
        {
            await sender.PublishAsync(topic, chunk).WaitAsync(cancellationToken);
        }

        return await receiver.HasAsync(topic, Chunks, Bound, cancellationToken)
            ? (double)Chunks * ChunkBytes / TimeProvider.System.GetElapsedTime(start).TotalSeconds
            : throw new TimeoutException("packets that were acknowledged did not arrive");
    }

    /// <summary>The largest packet that arrives, found by halving; <c>IsLimit</c> where the broker refused or dropped a larger one, rather than the link being slow.</summary>
    /// <param name="announced">What the broker says it takes; null where it says nothing.</param>
    /// <param name="bytesPerSecond">What the link carries.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(int Bytes, bool IsLimit)> LargestAsync(int? announced, double bytesPerSecond, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var tried = (int)Math.Clamp(bytesPerSecond * LongestPacket.TotalSeconds, 2 * LeastBytes, Math.Min(announced ?? MostBytes, MostBytes));
        var (arrived, failed, isLimit) = (LeastBytes, int.MaxValue, false);

        // Down in halves to one that arrives, then between the two to a sixteenth.
        while (failed - arrived > arrived / 16 && tried > LeastBytes && TimeProvider.System.GetElapsedTime(start) < BisectionBound)
        {
            var fate = await SendAsync(tried, cancellationToken);
            if (fate == Fate.Arrived)
            {
                arrived = tried;
                if (failed == int.MaxValue)
                {
                    break;
                }
            }
            else
            {
                (failed, isLimit) = (tried, fate == Fate.Refused);
            }

            tried = arrived > LeastBytes ? arrived + ((failed - arrived) / 2) : tried / 2;
        }

        return (arrived, isLimit);
    }

    private async Task<Fate> SendAsync(int bytes, CancellationToken cancellationToken)
    {
        var topic = $"{desk.Root}/large";
        try
        {
            // A connection for each: too large a packet ends it.
            await using var client = await desk.NextAsync(cancellationToken);
            await client.SubscribeAsync(topic, cancellationToken);
            await client.PublishAsync(topic, new byte[bytes - Overhead]).WaitAsync(ProbeDesk.Patience + LongestPacket, TimeProvider.System, cancellationToken);
            return await client.HasAsync(topic, 1, Delivery, cancellationToken) ? Fate.Arrived : Fate.Refused;
        }
        catch (TimeoutException)
        {
            return Fate.TooSlow;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            return Fate.Refused;
        }
    }
}
