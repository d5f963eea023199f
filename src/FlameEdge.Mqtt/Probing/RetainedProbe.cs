namespace FlameEdge.Mqtt.Probing;

/// <summary>How a broker keeps retained messages and whom it tells of them.</summary>
internal sealed class RetainedProbe(ProbeDesk desk, ProbeClient sender)
{
    private readonly string topic = $"{desk.Root}/kept";

    // The shortest a broker can be told.
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(1);

    /// <summary>True where a retained message comes to who asks by its topic.</summary>
    public Task<bool> ByTopicAsync(CancellationToken cancellationToken) => ComesAsync(topic, cancellationToken);

    /// <summary>True where it comes to who asks by a wildcard.</summary>
    public Task<bool> ByWildcardAsync(CancellationToken cancellationToken) => ComesAsync($"{desk.AnyRoot}/kept", cancellationToken);

    /// <summary>True where a client that comes back to its session and subscribes anew is told again.</summary>
    public async Task<bool> AfterReconnectAsync(CancellationToken cancellationToken)
    {
        const string Id = "back";
        await sender.PublishAsync(topic, "kept", retain: true);
        await using (var before = await desk.LastingAsync(Id, will: null, TimeSpan.Zero, cancellationToken))
        {
            await before.SubscribeAsync(topic, cancellationToken);
            await before.HasAsync(topic, 1, ProbeDesk.Patience, cancellationToken);
            await before.Connection.CloseAsync(ProbeDesk.Patience);
        }

        bool comes;
        await using (var after = await desk.LastingAsync(Id, will: null, TimeSpan.Zero, cancellationToken))
        {
            await after.SubscribeAsync(topic, cancellationToken);
            comes = await after.HasAsync(topic, 1, ProbeDesk.Patience, cancellationToken);
            await after.Connection.CloseAsync(ProbeDesk.Patience);
        }

        await desk.ForgetAsync(Id, cancellationToken);
        return comes;
    }

    /// <summary>True where a message is forgotten when its time is over; never in MQTT 3.1.1, which cannot say so.</summary>
    public async Task<bool> ExpiresAsync(CancellationToken cancellationToken)
    {
        if (!desk.IsNew)
        {
            return false;
        }

        var passing = $"{desk.Root}/passing";
        await sender.PublishAsync(passing, "passing", Expiry);
        await Task.Delay(2 * Expiry, TimeProvider.System, cancellationToken);
        await using var late = await desk.NextAsync(cancellationToken);
        await late.SubscribeAsync(passing, cancellationToken);

        // What comes after the question ends the wait for an answer.
        await sender.PublishAsync(passing, "end");
        await late.HasAsync(passing, 1, ProbeDesk.Patience, cancellationToken);
        var hasPassed = late.CountOf(passing) == 1 && !await late.HasAsync(passing, 2, TimeSpan.FromMilliseconds(200), cancellationToken);
        await sender.PublishAsync(passing, [], retain: true);
        return hasPassed;
    }

    /// <summary>Takes down what was retained.</summary>
    public Task ClearAsync() => sender.PublishAsync(topic, [], retain: true);

    private async Task<bool> ComesAsync(string filter, CancellationToken cancellationToken)
    {
        await sender.PublishAsync(topic, "kept", retain: true);
        await using var late = await desk.NextAsync(cancellationToken);
        await late.SubscribeAsync(filter, cancellationToken);
        return await late.HasAsync(topic, 1, ProbeDesk.Patience, cancellationToken);
    }
}
