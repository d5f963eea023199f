using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlameEdge.Agent.Configuration;
using FlameEdge.Channels.Transfer;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Profiles;
using FlameEdge.Hosting.Agents;
using FlameEdge.Mqtt;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Serving;

/// <summary>Makes of a configuration what the agent's parts need.</summary>
/// <param name="host">What the program is made of.</param>
/// <param name="policy">What the device's owner allows.</param>
/// <param name="profile">The firmware profile; null for none.</param>
/// <param name="hardware">The device as measured.</param>
internal sealed class AgentParts(HostParts host, AgentPolicy policy, FirmwareProfile? profile, HardwareFacts hardware)
{
    private readonly Dictionary<string, string> runtimes = host.Engines.ToDictionary(engine => engine.Name, engine => engine.PackageVersion, StringComparer.Ordinal);

    /// <summary>What the agent is.</summary>
    /// <param name="settings">What it keeps to.</param>
    /// <param name="report">What became of the configuration from afar.</param>
    /// <param name="collected">Datasets made of telemetry, with their rows.</param>
    public AgentFacts FactsOf(AgentSettings settings, ConfigReport? report, IReadOnlyDictionary<DatasetId, int> collected) => new()
    {
        Birth = new AgentBirth
        {
            Agent = settings.Name,
            Incarnation = 0,
            Version = Version(),
            Profile = profile?.Name,
            Hardware = hardware,
            Limits = LimitsOf(settings),
            Runtimes = runtimes,
            Programs = [.. host.Roles.Names.Where(program => AgentPolicy.Allows(policy.Programs, program))],
            Datasets =
            [
                .. settings.Datasets.Values.Select(dataset => new DatasetOnBoard(dataset.Id.Value, Rows: null, dataset.Labels.Count > 0 ? dataset.Labels : null)),
                .. collected.Where(dataset => !settings.Datasets.ContainsKey(dataset.Key)).Select(dataset => new DatasetOnBoard(dataset.Key.Value, dataset.Value)),
            ],
            DatasetCount = settings.Datasets.Count + collected.Keys.Count(id => !settings.Datasets.ContainsKey(id)),
            Labels = settings.Labels,
        },
        Datasets = settings.Datasets,
        Collected = collected.Keys.ToHashSet(),
        Config = report,
    };

    /// <summary>The least of hardware, profile, configuration and policy.</summary>
    public AgentLimits LimitsOf(AgentSettings settings)
    {
        var device = new AgentLimits { MemoryBytes = hardware.MemoryBytes, Threads = hardware.Cores };
        return AgentLimits.Least(device, profile?.ToLimits() ?? new(), settings.Limits, policy.Most);
    }

    /// <summary>How the broker is reached.</summary>
    public MqttOptions MqttOf(AgentSettings settings)
    {
        var (broker, limits, transfer) = (settings.Broker, LimitsOf(settings), new TransferOptions { AssemblyFolder = Path.Combine(settings.State, "incoming") });
        transfer.WindowBytes = Math.Min(settings.Transfer.WindowBytes ?? transfer.WindowBytes, limits.WindowBytes ?? int.MaxValue);
        transfer.ChunkBytes = Math.Min(settings.Transfer.ChunkBytes ?? transfer.ChunkBytes, Math.Min(transfer.WindowBytes, (limits.LargestPacketBytes ?? int.MaxValue) / 2));
        return new MqttOptions
        {
            Broker = broker.Url,
            Prefix = settings.Prefix,
            User = broker.User,
            PasswordFile = broker.PasswordFile,
            CaFile = broker.CaFile,
            CertificateFile = broker.CertificateFile,
            KeyFile = broker.KeyFile,
            Protocol = broker.Protocol,
            BrokerProfile = broker.Profile,
            KeepAlive = TimeSpan.FromSeconds(broker.KeepAliveSeconds ?? profile?.KeepAliveSeconds ?? 10),
            SessionExpiry = TimeSpan.FromSeconds(broker.SessionExpirySeconds ?? profile?.SessionExpirySeconds ?? 3600),
            Transfer = transfer,
            Direct = settings.Peer,
        };
    }

    private static string Version()
    {
        var program = Assembly.GetEntryAssembly()?.GetName();
        return $"{program?.Name ?? "flame-edge-agent"} {program?.Version?.ToString(3) ?? "unknown"} ({RuntimeInformation.RuntimeIdentifier}, {(RuntimeFeature.IsDynamicCodeCompiled ? "just-in-time" : "native")})";
    }
}
