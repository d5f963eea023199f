using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Control.Profiles;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Operating;

/// <summary>An agent as its retained notices show it.</summary>
/// <param name="Birth">What it is.</param>
/// <param name="State">How it is; null where it has not said.</param>
/// <param name="Alive">Its life sign; null for none.</param>
internal sealed record AgentReading(AgentBirth Birth, AgentState? State, AliveNote? Alive)
{
    public bool IsUp => Alive is { State: AliveNote.Online };

    /// <summary>In one word: what it says while it is there, what the broker says otherwise.</summary>
    public string Condition => !IsUp ? State?.State == AgentCondition.Disconnected ? "disconnected" : "lost" : JobViews.Word(State?.State ?? AgentCondition.Init);
}

/// <summary>Reads a fleet: the one at the broker, or one made up of firmware profiles.</summary>
internal static class FleetReading
{
    public static IReadOnlyList<BulletinTopic> Topics { get; } = [BulletinTopic.AnyOfFleet(BulletinKind.Birth), BulletinTopic.AnyOfFleet(BulletinKind.State), BulletinTopic.AnyOfFleet(BulletinKind.Alive)];

    /// <summary>The agents at the broker, by name.</summary>
    public static async Task<IReadOnlyList<AgentReading>> ReadAsync(OperatorSession session, CancellationToken cancellationToken) => Of(await session.ReadAsync(Topics, cancellationToken));

    /// <summary>The agents in these notices.</summary>
    public static IReadOnlyList<AgentReading> Of(IReadOnlyDictionary<BulletinTopic, Bulletin> notices)
    {
        var births = notices.Values.Where(notice => notice.Topic.Kind == BulletinKind.Birth).Select(notice => FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentBirth)).OfType<AgentBirth>();
        return [.. births.OrderBy(birth => birth.Agent, StringComparer.Ordinal).Select(birth => new AgentReading(
            birth,
            Find(birth, BulletinKind.State) is { } state ? FleetJson.Read(state.Json.Span, FleetJson.Default.AgentState) : null,
            Find(birth, BulletinKind.Alive) is { } alive ? PresenceJson.ReadAlive(alive.Json.Span) : null))];

        Bulletin? Find(AgentBirth birth, BulletinKind kind) => notices.GetValueOrDefault(BulletinTopic.OfFleet(new AgentId(birth.Agent), kind));
    }

    /// <summary>What the agents that are there have to offer, their present work counted.</summary>
    public static IReadOnlyList<PlacementOffer> Offers(IEnumerable<AgentReading> fleet) =>
        [.. fleet.Where(agent => agent.IsUp).Select(agent => new PlacementOffer(agent.Birth, agent.State?.WorkCount?.Values.Sum() ?? agent.State?.Work.Count ?? 0))];

    /// <summary>One agent of every class in a folder of firmware profiles, with all the job's data and programs on board.</summary>
    public static IReadOnlyList<PlacementOffer> OfProfiles(string folder, JobSpec job) => [.. ProfilesIn(folder).Select(profile => new PlacementOffer(Imagined(profile.Name, job) with
    {
        Profile = profile.Name,
        Hardware = new() { Architecture = profile.Architecture, Cores = profile.Threads, MemoryBytes = profile.MemoryBytes, FreeStorageBytes = profile.StorageBytes, Model = profile.Hardware },
        Limits = new() { MemoryBytes = profile.MemoryBytes, StorageBytes = profile.StorageBytes, Threads = profile.Threads, LargestBatch = profile.LargestBatch, DailyBytes = profile.DailyBytes, Power = profile.Power },
        Runtimes = profile.Runtimes.ToDictionary(runtime => runtime, _ => "", StringComparer.Ordinal),
    }))];

    /// <summary>The agents a job names itself, each able to do anything.</summary>
    public static IReadOnlyList<PlacementOffer> OfJob(JobPlan plan) =>
        [.. plan.Workers.Select(worker => worker.RunsOn.Value).Distinct(StringComparer.Ordinal).Select(name => new PlacementOffer(Imagined(name, plan.Job)))];

    private static AgentBirth Imagined(string name, JobSpec job) => new()
    {
        Agent = name,
        Incarnation = 1,
        Version = "",
        Hardware = new() { Architecture = "x64", Cores = 1024, MemoryBytes = long.MaxValue, FreeStorageBytes = long.MaxValue },
        Limits = new(),
        Runtimes = new Dictionary<string, string>(StringComparer.Ordinal) { ["onnx"] = "", ["torch"] = "" },
        Programs = [.. job.Graph.Roles.Select(role => role.Program).Distinct(StringComparer.Ordinal)],
        Datasets = [.. job.Datasets.Keys.Select(dataset => new DatasetOnBoard(dataset.Value))],
    };

    private static List<FirmwareProfile> ProfilesIn(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "profile.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(FirmwareProfile.Read)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TopologyException($"{folder} holds no firmware profiles: {error.Message} Give a folder with CLASS/profile.json in it.", error);
        }
    }
}
