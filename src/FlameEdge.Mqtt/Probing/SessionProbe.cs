namespace FlameEdge.Mqtt.Probing;

/// <summary>What a broker does for a client that is away.</summary>
internal sealed class SessionProbe(ProbeDesk desk, ProbeClient sender)
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    /// <summary>True where what was sent meanwhile reaches a client that comes back.</summary>
    public async Task<bool> ResumesAsync(CancellationToken cancellationToken)
    {
        const string Id = "away";
        var topic = $"{desk.Root}/away";
        await using (var before = await desk.LastingAsync(Id, will: null, TimeSpan.Zero, cancellationToken))
        {
            await before.SubscribeAsync(topic, cancellationToken);
            await before.Connection.CloseAsync(ProbeDesk.Patience);
        }

        await sender.PublishAsync(topic, "meanwhile");
        bool came;
        await using (var after = await desk.LastingAsync(Id, will: null, TimeSpan.Zero, cancellationToken))
        {
            came = await after.HasAsync(topic, 1, ProbeDesk.Patience, cancellationToken);
            await after.Connection.CloseAsync(ProbeDesk.Patience);
        }

        await desk.ForgetAsync(Id, cancellationToken);
        return came;
    }

    /// <summary>True where a last will is posted when a connection breaks.</summary>
    public Task<bool> SpeaksWillsAsync(CancellationToken cancellationToken) => DiesAsync("will", TimeSpan.Zero, topic => sender.HasAsync(topic, 1, ProbeDesk.Patience, cancellationToken), cancellationToken);

    /// <summary>True where a will is held back as long as it asks for, and posted then; never in MQTT 3.1.1, which cannot ask.</summary>
    public async Task<bool> DelaysWillsAsync(CancellationToken cancellationToken) => desk.IsNew && await DiesAsync(
        "delayed",
        Delay,
        async topic => !await sender.HasAsync(topic, 1, Delay / 2, cancellationToken) && await sender.HasAsync(topic, 1, Delay + ProbeDesk.Patience, cancellationToken),
        cancellationToken);

    private async Task<bool> DiesAsync(string id, TimeSpan delay, Func<string, Task<bool>> judge, CancellationToken cancellationToken)
    {
        var topic = $"{desk.Root}/{id}";
        await sender.SubscribeAsync(topic, cancellationToken);
        var dying = await desk.LastingAsync(id, topic, delay, cancellationToken);
        await dying.DisposeAsync();
        var isSpoken = await judge(topic);
        await desk.ForgetAsync(id, cancellationToken);
        return isSpoken;
    }
}
