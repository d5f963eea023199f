using FlameEdge.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt;

/// <summary>Sessions of all the agents one process stands for, each connected when its first channel is opened: how a laptop plays a fleet.</summary>
public sealed class MqttFleet(MqttOptions options, TimeProvider time, ILoggerFactory loggers) : IChannelBackend, IIncarnationMemory
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<AgentId, (MqttSession Session, MqttChannelBackend Backend)> agents = [];

    /// <inheritdoc/>
    public string Name => "mqtt";

    /// <inheritdoc/>
    public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) =>
        await (await ConnectAsync(endpoint.Agent, cancellationToken)).Backend.OpenAsync(endpoint, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<long> SeenIncarnationAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) =>
        await (await ConnectAsync(endpoint.Agent, cancellationToken)).Session.SeenIncarnationAsync(endpoint, cancellationToken);

    /// <summary>The bulletin board as <paramref name="agent"/> writes it.</summary>
    public async Task<IBulletin> BulletinOfAsync(AgentId agent, CancellationToken cancellationToken) => (await ConnectAsync(agent, cancellationToken)).Session.Bulletin;

    /// <summary>Sensors' messages as <paramref name="agent"/> hears them.</summary>
    public async Task<ITopicFeed> FeedOfAsync(AgentId agent, CancellationToken cancellationToken) => (await ConnectAsync(agent, cancellationToken)).Session.Feed;

    /// <summary>Says good-bye for all agents.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (session, backend) in agents.Values)
        {
            await backend.DisposeAsync();
            await session.DisposeAsync();
        }

        agents.Clear();
        gate.Dispose();
    }

    private async Task<(MqttSession Session, MqttChannelBackend Backend)> ConnectAsync(AgentId agent, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!agents.TryGetValue(agent, out var known))
            {
                var session = await MqttSession.ConnectAsync(options, agent, time, loggers, cancellationToken);
                known = (session, new MqttChannelBackend(session));
                agents[agent] = known;
            }

            return known;
        }
        finally
        {
            gate.Release();
        }
    }
}
