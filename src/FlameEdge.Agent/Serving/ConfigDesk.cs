using System.Buffers;
using FlameEdge.Agent.Configuration;
using FlameEdge.Channels;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Serving;

/// <summary>Keeps an agent to the configuration it was given: the local one, and the <c>config</c> topic's above it. The last text of the topic is on disk, so that it holds over a restart without a broker.</summary>
internal sealed class ConfigDesk
{
    private const int Largest = 64 << 10;
    private readonly AgentConfiguration local;
    private readonly AgentConfiguration started;
    private readonly AgentPolicy policy;
    private readonly string file;

    /// <param name="local">The local configuration.</param>
    /// <param name="policy">What the device's owner allows.</param>
    public ConfigDesk(AgentConfiguration local, AgentPolicy policy)
    {
        this.local = local;
        this.policy = policy;
        file = FileOf(local.Settings);
        var kept = Kept(local.Settings);
        started = TopicConfiguration.Of(local, local, policy, kept).Configuration;
        Present = TopicConfiguration.Of(local, started, policy, kept);
    }

    /// <summary>What holds now.</summary>
    public TopicConfiguration Present { get; private set; }

    /// <summary>The last text of the topic that the agent has seen; empty for none.</summary>
    public static ReadOnlyMemory<byte> Kept(AgentSettings settings)
    {
        var path = FileOf(settings);
        return File.Exists(path) ? File.ReadAllBytes(path) : ReadOnlyMemory<byte>.Empty;
    }

    /// <summary>Takes what the topic says until cancelled.</summary>
    /// <param name="bulletin">Where it is read.</param>
    /// <param name="changed">Told of what holds from now on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IBulletin bulletin, Func<TopicConfiguration, Task> changed, CancellationToken cancellationToken)
    {
        await foreach (var notice in bulletin.WatchAsync(BulletinTopic.OfFleet(new AgentId(local.Settings.Name), BulletinKind.Config), cancellationToken))
        {
            Present = TopicConfiguration.Of(local, started, policy, notice.Json.Length > Largest ? "null"u8.ToArray() : notice.Json);
            Keep(notice.Json);
            await changed(Present);
        }
    }

    private static string FileOf(AgentSettings settings) => Path.Combine(settings.State, "config.json");

    private void Keep(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            DurableFile.TryDelete(file);
        }
        else if (json.Length <= Largest)
        {
            DurableFile.Write(file, new ReadOnlySequence<byte>(json));
        }
    }
}
