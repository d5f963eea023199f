using FlameEdge.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt;

/// <summary>Sessions of all the agents one process stands for, each connected when its first channel is opened: how a laptop plays a fleet.</summary>
public sealed class MqttFleet(MqttOptions options, TimeProvider time, ILoggerFactory loggers) : IChannelBackend, IIncarnationMemory
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<AgentId, AgentEnd> agents = [];

    /// <inheritdoc/>
    public string Name => "mqtt";

    /// <summary>The same agents on channels of the backend <c>tcp</c>; goes with the fleet.</summary>
    public IChannelBackend Direct => new DirectEnds(this);

    /// <inheritdoc/>
    public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) =>
        await (await ConnectAsync(endpoint.Agent, cancellationToken)).Backend.OpenAsync(endpoint, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken) =>
        await (await ConnectAsync(ends[0].Agent, cancellationToken)).Session.SeenIncarnationAsync(ends, cancellationToken);

    /// <summary>The bulletin board as <paramref name="agent"/> writes it.</summary>
    public async Task<IBulletin> BulletinOfAsync(AgentId agent, CancellationToken cancellationToken) => (await ConnectAsync(agent, cancellationToken)).Session.Bulletin;

    /// <summary>Sensors' messages as <paramref name="agent"/> hears them.</summary>
    public async Task<ITopicFeed> FeedOfAsync(AgentId agent, CancellationToken cancellationToken) => (await ConnectAsync(agent, cancellationToken)).Session.Feed;

    /// <summary>Says good-bye for all agents.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var agent in agents.Values)
        {
            await agent.Backend.DisposeAsync();
            await agent.Direct.DisposeAsync();
            await agent.Session.DisposeAsync();
        }

        agents.Clear();
        gate.Dispose();
    }

    private async Task<AgentEnd> ConnectAsync(AgentId agent, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (!agents.TryGetValue(agent, out var known))
            {
                agents[agent] = known = new AgentEnd(await MqttSession.ConnectAsync(options, agent, time, loggers, cancellationToken));
            }

            return known;
        }
        finally
        {
            gate.Release();
        }
    }

    private sealed class AgentEnd(MqttSession session)
    {
        public MqttSession Session { get; } = session;

        public MqttChannelBackend Backend { get; } = new(session);

        public MqttChannelBackend Direct { get; } = new(session, isDirect: true);
    }

    private sealed class DirectEnds(MqttFleet fleet) : IChannelBackend, IIncarnationMemory
    {
        public string Name => MqttChannelBackend.DirectName;

        public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) =>
            await (await fleet.ConnectAsync(endpoint.Agent, cancellationToken)).Direct.OpenAsync(endpoint, cancellationToken);

        public ValueTask<long> SeenIncarnationAsync(IReadOnlyList<ChannelEndpoint> ends, CancellationToken cancellationToken) => fleet.SeenIncarnationAsync(ends, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
