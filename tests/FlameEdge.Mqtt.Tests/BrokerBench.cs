using FlameEdge.Channels;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Agents at a broker, each behind a cable of its own.</summary>
/// <param name="broker">The broker.</param>
/// <param name="isDirect">True where channels go straight from agent to agent.</param>
internal sealed class BrokerBench(ITestBroker broker, bool isDirect = false) : IChannelBench
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Dictionary<AgentId, Agent> agents = [];
    private readonly List<Agent> replaced = [];

    public ITestBroker Broker => broker;

    public int ChunkBytes => 64 * 1024;

    public TestLog Log { get; } = new();

    /// <summary>Changes the options of agents started from now on.</summary>
    public Action<MqttOptions> Configure { get; set; } = static _ => { };

    public async Task<IChannelBackend> BackendAsync(AgentId agent) => (await AgentAsync(agent)).Backend;

    public async Task<MqttSession> SessionAsync(string agent) => (await AgentAsync(new AgentId(agent))).Session;

    public TcpProxy CableOf(AgentId agent) => agents[agent].Cable;

    /// <summary>Starts an agent's process again while the broker still believes in the old one.</summary>
    public async Task RestartAsync(AgentId agent)
    {
        var old = agents[agent];
        old.Cable.Freeze(staysDown: true);
        agents.Remove(agent);
        replaced.Add(old);
        await AgentAsync(agent);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in replaced)
        {
            agent.Cable.Cut(staysDown: true);
        }

        foreach (var agent in agents.Values.Concat(replaced))
        {
            await agent.Session.DisposeAsync();
            await agent.Cable.DisposeAsync();
        }

        await broker.DisposeAsync();
        gate.Dispose();
        Assert.Empty(Log.Errors);
    }

    private async Task<Agent> AgentAsync(AgentId name)
    {
        await gate.WaitAsync();
        try
        {
            if (!agents.TryGetValue(name, out var agent))
            {
                var cable = new TcpProxy(() => broker.Port);
                var options = new MqttOptions
                {
                    Broker = new Uri($"mqtt://127.0.0.1:{cable.Port}"),
                    KeepAlive = TimeSpan.FromSeconds(1),
                    ConnectTimeout = TimeSpan.FromSeconds(3),
                    ReconnectAfter = TimeSpan.FromMilliseconds(50),
                    ReconnectAtMost = TimeSpan.FromSeconds(1),
                };
                options.Transfer.ChunkBytes = ChunkBytes;
                options.Presence.LostGrace = TimeSpan.FromSeconds(2);
                Configure(options);
                agent = agents[name] = new Agent(await MqttSession.ConnectAsync(options, name, loggers: Log), cable, isDirect);
            }

            return agent;
        }
        finally
        {
            gate.Release();
        }
    }

    private sealed record Agent(MqttSession Session, TcpProxy Cable, bool IsDirect)
    {
        public MqttChannelBackend Backend { get; } = new(Session, IsDirect);
    }
}

/// <summary>A broker a test may stop and start.</summary>
internal interface ITestBroker : IAsyncDisposable
{
    int Port { get; }

    /// <summary>Ends it without a word to anybody and starts it again.</summary>
    Task RestartAsync(bool keepsData);
}

internal sealed class EmbeddedTestBroker : ITestBroker
{
    private EmbeddedBroker broker;

    private EmbeddedTestBroker(EmbeddedBroker broker) => this.broker = broker;

    public int Port => broker.Port;

    public BrokerTraffic Traffic => broker.Traffic;

    public static async Task<ITestBroker> StartAsync() => new EmbeddedTestBroker(await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions()));

    public async Task RestartAsync(bool keepsData)
    {
        await broker.StopAsync();
        broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());
    }

    public ValueTask DisposeAsync() => broker.DisposeAsync();
}

internal sealed class MosquittoTestBroker(Mosquitto mosquitto) : ITestBroker
{
    public int Port => mosquitto.Port;

    public async Task RestartAsync(bool keepsData)
    {
        await mosquitto.KillAsync();
        await mosquitto.StartAgainAsync(keepsData);
    }

    public ValueTask DisposeAsync() => mosquitto.DisposeAsync();
}

internal sealed class ProcessTestBroker(BrokerProcess broker) : ITestBroker
{
    public int Port => broker.Port;

    public async Task RestartAsync(bool keepsData)
    {
        await broker.KillAsync();
        await broker.StartAgainAsync(keepsData);
    }

    public ValueTask DisposeAsync() => broker.DisposeAsync();
}
