using FlameEdge.Channels;

namespace FlameEdge.Mqtt;

/// <summary>Channels of one agent: presence at an MQTT broker, and packets over it or, where it is the direct one, straight between agents. It does not own the session: an agent's workers share one.</summary>
/// <param name="session">The agent's.</param>
/// <param name="isDirect">True for the backend <c>tcp</c>.</param>
public sealed class MqttChannelBackend(MqttSession session, bool isDirect = false) : IChannelBackend, IIncarnationMemory
{
    private readonly Lock gate = new();
    private readonly List<MqttChannel> opened = [];

    /// <summary>The name of the backend that goes straight from agent to agent.</summary>
    public const string DirectName = "tcp";

    /// <inheritdoc/>
    public string Name => isDirect ? DirectName : "mqtt";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The endpoint names another agent than the session's.</exception>
    public ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (endpoint.Agent != session.Agent)
        {
            throw new ArgumentException($"worker {endpoint.Self} runs on {endpoint.Agent}, this session is {session.Agent}'s", nameof(endpoint));
        }

        var channel = new MqttChannel(session, endpoint, isDirect);
        lock (gate)
        {
            opened.Add(channel);
        }

        return ValueTask.FromResult<IChannel>(channel);
    }

    /// <inheritdoc/>
    public async ValueTask<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken) => await session.SeenIncarnationAsync(ends, cancellationToken);

    /// <summary>Disposes the channels it opened: their workers leave.</summary>
    public async ValueTask DisposeAsync()
    {
        MqttChannel[] channels;
        lock (gate)
        {
            channels = [.. opened];
            opened.Clear();
        }

        foreach (var channel in channels)
        {
            await channel.DisposeAsync();
        }
    }
}
