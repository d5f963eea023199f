using MQTTnet.Protocol;

namespace FlameEdge.Mqtt.Probing;

/// <summary>What subscriptions a broker grants.</summary>
internal sealed class SubscriptionProbe(ProbeDesk desk, ProbeClient sender)
{
    /// <summary>How many of those tried a session may hold: brokers that hold few refuse, hang up or fall silent.</summary>
    public async Task<int> CountAsync(int most, CancellationToken cancellationToken)
    {
        await using var many = await desk.NextAsync(cancellationToken);
        var taken = 0;
        await TryAsync(
            async () =>
            {
                while (taken < most)
                {
                    await many.SubscribeAsync($"{desk.Root}/many/{taken}", cancellationToken).WaitAsync(ProbeDesk.Patience, TimeProvider.System, cancellationToken);
                    taken++;
                }
            },
            cancellationToken);
        return taken;
    }

    /// <summary>The quality of service granted to who asks for 2: 0, 1 or 2.</summary>
    public async Task<int> GrantedAsync(CancellationToken cancellationToken)
    {
        await using var client = await desk.NextAsync(cancellationToken);
        return (int)await client.Connection.GrantedAsync($"{desk.Root}/granted", MqttQualityOfServiceLevel.ExactlyOnce, cancellationToken);
    }

    /// <summary>True where members of a shared subscription each get a part.</summary>
    public async Task<bool> SharesAsync(CancellationToken cancellationToken)
    {
        const int Packets = 10;
        var topic = $"{desk.Root}/shared";
        await using var one = await desk.NextAsync(cancellationToken);
        await using var other = await desk.NextAsync(cancellationToken);
        var areShared = false;
        await TryAsync(
            async () =>
            {
                await one.SubscribeAsync($"$share/{desk.Name}/{topic}", cancellationToken);
                await other.SubscribeAsync($"$share/{desk.Name}/{topic}", cancellationToken);
                for (var packet = 0; packet < Packets; packet++)
                {
                    await sender.PublishAsync(topic, "part");
                }

                var start = TimeProvider.System.GetTimestamp();
                while (one.Count + other.Count < Packets && TimeProvider.System.GetElapsedTime(start) < ProbeDesk.Patience)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
                }

                areShared = one.Count + other.Count == Packets && one.Count > 0 && other.Count > 0;
            },
            cancellationToken);
        return areShared;
    }

    private static async Task TryAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            // So far and no further.
        }
    }
}
