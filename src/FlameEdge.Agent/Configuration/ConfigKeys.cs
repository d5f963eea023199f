using System.Globalization;
using System.Net;
using System.Text;
using FlameEdge.Models.Telemetry;
using FlameEdge.Topology.Reading;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Configuration;

/// <summary>Every key of an agent's configuration; docs/configuration.md lists the same, which a test compares.</summary>
internal static class ConfigKeys
{
    private const int LongestLabel = 64;
    private const int LongestHost = 255;

    /// <summary>The keys in the order of the documentation.</summary>
    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        new("name", "the machine's name", "the agent's name: 1 to 36 of a-z, 0-9 and dashes", (_, node, to) => Text(node, SafeName.IsSafe, "1 to 36 of a-z, 0-9 and dashes", value => to.Name = value)),
        new("prefix", "flameedge", "first level of every topic", (_, node, to) => Text(node, SafeName.IsSafe, "1 to 36 of a-z, 0-9 and dashes", value => to.Prefix = value)),
        new("broker.url", "mqtt://localhost:1883", "mqtt://host:port, or mqtts://host:port for TLS", (_, node, to) => Url(node, to)),
        new("broker.user", "the agent's name, where there is a password", "the MQTT user", (_, node, to) => Text(node, value => to.Broker.User = value)),
        new("broker.passwordFile", "none", "file whose first line is the password", (_, node, to) => File(node, value => to.Broker.PasswordFile = value)),
        new("broker.caFile", "the system's authorities", "PEM file of the authorities trusted for the broker", (_, node, to) => File(node, value => to.Broker.CaFile = value)),
        new("broker.certificateFile", "none", "PEM file of the agent's certificate", (_, node, to) => File(node, value => to.Broker.CertificateFile = value)),
        new("broker.keyFile", "none", "PEM file of the certificate's key", (_, node, to) => File(node, value => to.Broker.KeyFile = value)),
        new("broker.protocol", "auto", "auto, 5 or 3.1.1", (_, node, to) => Text(node, value => value is "auto" or "5" or "3.1.1", "auto, 5 or 3.1.1", value => to.Broker.Protocol = value)),
        new("broker.profile", "a broker that does what the standard says", "file with what the broker can do, as 'flame-edge broker probe' writes it", (_, node, to) => File(node, value => to.Broker.Profile = value)),
        new("broker.keepAliveSeconds", "the profile's, or 10", "silence after which the broker is asked, in seconds", (_, node, to) => Whole(node, 1, 65535, value => to.Broker.KeepAliveSeconds = (int)value)),
        new("broker.sessionExpirySeconds", "the profile's, or 3600", "how long the broker keeps an absent agent's session, in seconds", (_, node, to) => Whole(node, 0, 30 * 24 * 3600, value => to.Broker.SessionExpirySeconds = (int)value)),
        new("peer.listen", "the address by which it reaches the broker", "address to listen on for peers, on channels of the backend tcp", Listen),
        new("peer.announce", "the address it listens on", "host or host:port by which peers find it", (_, node, to) => Text(node, value => value.Length <= LongestHost && !value.Any(char.IsWhiteSpace), "a host, or host:port", value => to.Peer.Announce = value)),
        new("peer.ports", "any that is free", "ports to listen on for peers, such as 47000 or 47000-47009", Ports),
        new("profile", "none", "firmware profile: a file, or the name of a class", (_, node, to) => Text(node, value => to.Profile = value)),
        new("state", "/var/lib/flameedge", "folder of the agent's memory, its jobs' state and their results", (_, node, to) => File(node, value => to.State = value)),
        new("data", "STATE/data", "the only folder jobs may read", (_, node, to) => File(node, value => to.Data = value)),
        new("labels.*", "none", "labels jobs may ask for", Label) { IsFromAfar = true },
        new("datasets", "none", "datasets on board, written as in job files", (_, node, to) => Datasets(node, to)) { IsFromAfar = true, IsTree = true },
        new("limits.memoryBytes", "the device's", "memory of the process, in bytes", (_, node, to) => Whole(node, 1 << 20, 1L << 50, value => to.Limits = to.Limits with { MemoryBytes = value })) { IsFromAfar = true },
        new("limits.storageBytes", "the device's", "space for state and data, in bytes", (_, node, to) => Whole(node, 1 << 20, 1L << 50, value => to.Limits = to.Limits with { StorageBytes = value })) { IsFromAfar = true },
        new("limits.threads", "the device's cores", "threads learning may use", (_, node, to) => Whole(node, 1, 1024, value => to.Limits = to.Limits with { Threads = (int)value })) { IsFromAfar = true, NeedsRestart = true },
        new("limits.largestBatch", "none", "largest batch of a step, in samples", (_, node, to) => Whole(node, 1, 1 << 20, value => to.Limits = to.Limits with { LargestBatch = (int)value })) { IsFromAfar = true },
        new("limits.largestPacketBytes", "the broker's", "largest MQTT packet, in bytes", (_, node, to) => Whole(node, 4096, 1 << 28, value => to.Limits = to.Limits with { LargestPacketBytes = (int)value })) { IsFromAfar = true, NeedsRestart = true },
        new("limits.windowBytes", "none", "bytes of a transfer under way at once", (_, node, to) => Whole(node, 4096, 1 << 30, value => to.Limits = to.Limits with { WindowBytes = (int)value })) { IsFromAfar = true, NeedsRestart = true },
        new("limits.dailyBytes", "none", "bytes a day over the broker and to peers, both ways", (_, node, to) => Whole(node, 1, 1L << 50, value => to.Limits = to.Limits with { DailyBytes = value })) { IsFromAfar = true },
        new("limits.isMetered", "false", "true where bytes cost money", (_, node, to) => Text(node, value => value is "true" or "false", "true or false", value => to.Limits = to.Limits with { IsMetered = value == "true" })) { IsFromAfar = true },
        new("limits.power", "none", "mains, battery or solar", (_, node, to) => Text(node, value => value is "mains" or "battery" or "solar", "mains, battery or solar", value => to.Limits = to.Limits with { Power = value })) { IsFromAfar = true },
        new("limits.leastBatteryPercent", "none", "charge below which training waits while on battery, in percent", (_, node, to) => Whole(node, 1, 100, value => to.Limits = to.Limits with { LeastBatteryPercent = (int)value })) { IsFromAfar = true },
        new("limits.trainingWindows", "always", "times of day at which training is allowed, such as 22:00-06:00", (_, node, to) => Windows(node, to)) { IsFromAfar = true, IsTree = true },
        new("limits.temperatureLimitCelsius", "none", "temperature above which training waits, in degrees Celsius", (_, node, to) => Whole(node, 20, 150, value => to.Limits = to.Limits with { TemperatureLimitCelsius = (int)value })) { IsFromAfar = true },
        new("limits.workers", "none", "workers at once", (_, node, to) => Whole(node, 1, 100_000, value => to.Limits = to.Limits with { Workers = (int)value })) { IsFromAfar = true },
        new("transfer.windowBytes", "the profile's, or the transport's", "bytes of a transfer under way at once", (_, node, to) => Whole(node, 4096, 1 << 30, value => to.Transfer.WindowBytes = (int)value)) { IsFromAfar = true, NeedsRestart = true },
        new("transfer.chunkBytes", "the transport's", "bytes of one chunk", (_, node, to) => Whole(node, 512, 1 << 24, value => to.Transfer.ChunkBytes = (int)value)) { IsFromAfar = true, NeedsRestart = true },
        new("telemetry", "none", "sensor topics and what is made of them", (_, node, to) => Telemetry(node, to)) { IsFromAfar = true, IsTree = true },
        new("logLevel", "information", "least level that is logged: debug, information, warning, error", (_, node, to) => Level(node, to)) { IsFromAfar = true },
        new("policy", "none", "the device's own policy file, which can only narrow", (_, node, to) => File(node, value => to.Policy = value)),
    ];

    /// <summary>The key of a path; null where there is none.</summary>
    public static ConfigKey? Find(string path) => All.FirstOrDefault(key => key.Is(path));

    /// <summary>" (did you mean 'x'?)", or nothing.</summary>
    public static string Hint(string path) => NearestName.Of(path, All.Select(key => key.Path)) is { } nearest ? $" (did you mean '{nearest}'?)" : string.Empty;

    private static string? Text(SpecNode node, Action<string> set) => Text(node, static value => value.Length > 0, "a text", set);

    private static string? Text(SpecNode node, Func<string, bool> isFit, string wanted, Action<string> set)
    {
        if (node is not SpecScalar { IsNull: false } scalar || !isFit(scalar.Text))
        {
            return Wrong(node, wanted);
        }

        set(scalar.Text);
        return null;
    }

    private static string? File(SpecNode node, Action<string> set) => Text(node, static value => value.Length > 0 && !value.Contains('\0', StringComparison.Ordinal), "a path", set);

    private static string? Whole(SpecNode node, long least, long most, Action<long> set)
    {
        if (node is not SpecScalar scalar || !long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least || value > most)
        {
            return Wrong(node, string.Create(CultureInfo.InvariantCulture, $"a whole number from {least} to {most}"));
        }

        set(value);
        return null;
    }

    private static string? Url(SpecNode node, AgentSettings to)
    {
        if (node is not SpecScalar scalar || !Uri.TryCreate(scalar.Text, UriKind.Absolute, out var url) || url is not { Scheme: "mqtt" or "mqtts", Host.Length: > 0, UserInfo: "", PathAndQuery: "" or "/" })
        {
            return Wrong(node, "mqtt://host:port, or mqtts://host:port for TLS; the password stands in a file (broker.passwordFile)");
        }

        to.Broker.Url = url;
        return null;
    }

    private static string? Listen(string path, SpecNode node, AgentSettings to)
    {
        if (node is not SpecScalar scalar || !IPAddress.TryParse(scalar.Text, out var address))
        {
            return Wrong(node, "an address, such as 0.0.0.0 for all");
        }

        to.Peer.Listen = address;
        return null;
    }

    private static string? Ports(string path, SpecNode node, AgentSettings to)
    {
        var ends = node is SpecScalar scalar ? scalar.Text.Split('-') : [];
        if (ends.Length is not (1 or 2) || !ushort.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || !ushort.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || first == 0 || last < first)
        {
            return Wrong(node, "a port from 1 to 65535, or a range such as 47000-47009");
        }

        (to.Peer.FirstPort, to.Peer.LastPort) = (first, last);
        return null;
    }

    private static string? Label(string path, SpecNode node, AgentSettings to)
    {
        var name = path["labels.".Length..];
        if (name.Length > LongestLabel || node is not SpecScalar { IsNull: false, Text.Length: <= LongestLabel } value)
        {
            return Wrong(node, $"a text of at most {LongestLabel} characters, as its name");
        }

        to.Labels[name] = value.Text;
        return null;
    }

    private static string? Datasets(SpecNode node, AgentSettings to)
    {
        if (node is not SpecSequence list)
        {
            return Wrong(node, "a list of datasets, written as in job files");
        }

        var found = new SpecProblems();
        var datasets = DatasetDeclarations.Read(list, to.DataFolder, found);
        if (!found.IsEmpty)
        {
            return found.All[0].Message;
        }

        to.Datasets = datasets;
        return null;
    }

    private static string? Windows(SpecNode node, AgentSettings to)
    {
        if (node is not SpecSequence list || !list.Items.All(item => item is SpecScalar scalar && IsWindow(scalar.Text)))
        {
            return Wrong(node, "a list of times such as [\"22:00-06:00\"]");
        }

        to.Limits = to.Limits with { TrainingWindows = [.. list.Items.Select(item => ((SpecScalar)item).Text)] };
        return null;
    }

    private static bool IsWindow(string text) =>
        text.Split('-') is [var from, var to] && TimeOnly.TryParseExact(from, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) && TimeOnly.TryParseExact(to, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static string? Telemetry(SpecNode node, AgentSettings to)
    {
        if (node is SpecScalar)
        {
            return Wrong(node, "a list of sensors");
        }

        to.Telemetry = TelemetryReading.Read(Encoding.UTF8.GetBytes(ConfigText.Json(node)));
        return null;
    }

    private static string? Level(SpecNode node, AgentSettings to) =>
        Text(node, value => value is "debug" or "information" or "warning" or "error", "debug, information, warning or error", value => to.LogLevel = Enum.Parse<LogLevel>(value, ignoreCase: true));

    private static string Wrong(SpecNode node, string wanted) => $"is {node.Kind}, but must be {wanted}";
}
