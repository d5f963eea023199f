using System.Text;
using FlameEdge.Agent.Configuration;
using FlameEdge.Agent.Serving;
using FlameEdge.Control.Fleet;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Agent.Tests;

/// <summary>Where an agent's settings come from, and what may not come from afar.</summary>
public sealed class ConfigurationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_layer_stands_above_the_one_before_and_says_where_its_value_stands()
    {
        File.WriteAllText(folder["agent.json"], """{ "name": "file", "prefix": "file", "broker": { "url": "mqtt://file:1", "user": "file" }, "limits": { "threads": 1 } }""");
        Directory.CreateDirectory(folder["agent.d"]);
        File.WriteAllText(folder["agent.d", "10-a.json"], """{ "prefix": "first", "broker": { "url": "mqtt://first:1" } }""");
        File.WriteAllText(folder["agent.d", "20-b.json"], """{ "broker": { "url": "mqtt://second:1" } }""");

        var read = Read([KeyValuePair.Create("FLAMEEDGE_AGENT_BROKER__URL", "mqtt://variable:1"), KeyValuePair.Create("FLAMEEDGE_LIMITS__THREADS", "2")], ("limits.threads", "3", "--set limits.threads"));
        var topic = TopicConfiguration.Of(read, read, new AgentPolicy(), """{ "limits": { "threads": 4 }, "labels": { "site": "north" } }"""u8.ToArray());

        Assert.Empty(read.Problems);
        Assert.Equal(("file", "first", "file", "variable", 3), (read.Settings.Name, read.Settings.Prefix, read.Settings.Broker.User, read.Settings.Broker.Url.Host, read.Settings.Limits.Threads));
        Assert.Equal(("drop-in", folder["agent.d", "10-a.json"] + ":1:13"), (read.Values["prefix"].Layer, read.Values["prefix"].Place));
        Assert.Equal(("environment", "FLAMEEDGE_AGENT_BROKER__URL"), (read.Values["broker.url"].Layer, read.Values["broker.url"].Place));
        Assert.Equal((4, "north"), (topic.Configuration.Settings.Limits.Threads, topic.Configuration.Settings.Labels["site"]));
        Assert.Equal(["limits.threads"], topic.Report.NeedsRestart);
        Assert.Empty(topic.Report.Refused);
    }

    [Fact]
    public void Where_peers_connect_is_read()
    {
        File.WriteAllText(folder["agent.json"], """{ "peer": { "listen": "0.0.0.0", "announce": "gw.example:47000", "ports": "47000-47009" } }""");

        var peer = Read([]).Settings.Peer;

        Assert.Equal(("0.0.0.0", "gw.example:47000", 47000, 47009), (peer.Listen?.ToString(), peer.Announce, peer.FirstPort, peer.LastPort));
    }

    [Theory]
    [InlineData("""{ "brokr": { "url": "mqtt://x" } }""", "there is no key 'brokr'")]
    [InlineData("""{ "broker": { "ur": "mqtt://x" } }""", "did you mean 'broker.url'")]
    [InlineData("""{ "broker": { "url": "mqtt://user:secret@x" } }""", "broker.passwordFile")]
    [InlineData("""{ "limits": { "threads": "many" } }""", "limits.threads is 'many', but must be a whole number from 1 to 1024")]
    [InlineData("""{ "limits": { "trainingWindows": ["22-06"] } }""", "such as [\"22:00-06:00\"]")]
    [InlineData("""{ "name": "Not a name" }""", "1 to 36 of a-z")]
    [InlineData("""{ "peer": { "listen": "everywhere" } }""", "peer.listen is 'everywhere', but must be an address")]
    [InlineData("""{ "peer": { "ports": "47009-47000" } }""", "or a range such as 47000-47009")]
    [InlineData("""{ "datasets": [{ "nam": "d" }] }""", "unknown key 'nam'")]
    [InlineData("""{ "name": """, "malformed JSON")]
    public void What_cannot_be_is_one_clear_line(string text, string says)
    {
        File.WriteAllText(folder["agent.json"], text);

        Assert.Contains(Read([]).Problems, problem => problem.Message.Contains(says, StringComparison.Ordinal) && problem.Message.Contains("agent.json", StringComparison.Ordinal) | text.Contains("nam\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "name": "other", "labels": { "a": "b" } }""", "name", "only the device itself")]
    [InlineData("""{ "broker": { "url": "mqtt://evil" }, "labels": { "a": "b" } }""", "broker.url", "only the device itself")]
    [InlineData("""{ "limits": { "threads": 0 }, "labels": { "a": "b" } }""", "limits.threads", "must be a whole number")]
    [InlineData("""{ "logLevel": "debug", "labels": { "a": "b" } }""", "logLevel", "policy")]
    [InlineData("""{ "nonsense": 1, "labels": { "a": "b" } }""", "nonsense", "there is no key")]
    public void A_key_that_may_not_come_from_afar_is_refused_with_its_reason_and_the_rest_is_kept(string topic, string key, string says)
    {
        var local = Read([]);

        var (configuration, report) = TopicConfiguration.Of(local, local, new AgentPolicy { ConfigKeys = ["labels.*", "limits.*"] }, Encoding.UTF8.GetBytes(topic));

        var refused = Assert.Single(report.Refused);
        Assert.Equal(key, refused.Key);
        Assert.Contains(says, refused.Why, StringComparison.Ordinal);
        Assert.Equal("b", configuration.Settings.Labels["a"]);
        Assert.Equal(16, report.Hash.Length);
        Assert.Empty(configuration.Problems);
    }

    [Fact]
    public void A_topic_that_was_taken_down_leaves_the_local_configuration()
    {
        var local = Read([], ("labels.site", "south", "--set"));

        var (configuration, report) = TopicConfiguration.Of(local, local, new AgentPolicy(), ReadOnlyMemory<byte>.Empty);

        Assert.Equal(("south", ""), (configuration.Settings.Labels["site"], report.Hash));
    }

    [Fact]
    public void A_policy_narrows_and_never_widens()
    {
        File.WriteAllText(folder["policy.json"], """{ "programs": ["train*"], "most": { "threads": 2, "memoryBytes": 100000000 } }""");
        var hardware = new HardwareFacts { Architecture = "x64", Cores = 8, MemoryBytes = 50_000_000, FreeStorageBytes = 1 };
        var settings = Read([], ("limits.threads", "6", "--set"), ("limits.dailyBytes", "1000", "--set")).Settings;

        var birth = new AgentParts(HostParts.Of(null, null), AgentPolicy.Read(folder["policy.json"]), null, hardware).FactsOf(settings, null, new Dictionary<DatasetId, int> { [new("vibration")] = 70 }).Birth;

        Assert.Equal((2, 50_000_000L, 1000L), (birth.Limits.Threads, birth.Limits.MemoryBytes, birth.Limits.DailyBytes));
        Assert.Equal(["trainer"], birth.Programs);
        Assert.Equal((new DatasetOnBoard("vibration", 70), 1), (Assert.Single(birth.Datasets), birth.DatasetCount));
    }

    [Fact]
    public void A_policy_with_a_key_nobody_knows_is_no_policy()
    {
        File.WriteAllText(folder["policy.json"], """{ "program": ["trainer"] }""");

        Assert.Contains("program", Assert.Throws<Diagnostics.TopologyException>(() => AgentPolicy.Read(folder["policy.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Datasets_are_declared_as_in_job_files()
    {
        File.WriteAllText(folder["agent.json"], $$"""{ "data": "{{folder.Path}}", "datasets": [{ "name": "line-1", "path": "rows.csv", "label": "y" }] }""");

        var read = Read([]);

        Assert.Empty(read.Problems);
        Assert.Equal([folder["rows.csv"]], read.Settings.Datasets[new DatasetId("line-1")].Source!.Paths);
    }

    [Fact]
    public void Every_key_is_in_the_documentation()
    {
        var text = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "configuration.md"));

        Assert.All(ConfigKeys.All, key => Assert.Contains($"| `{key.Path}` |", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Explain_says_of_every_key_where_it_comes_from()
    {
        File.WriteAllText(folder["agent.json"], """{ "broker": { "passwordFile": "secrets/password" } }""");
        using var output = new StringWriter();
        using var error = new StringWriter();

        var code = await AgentHost.RunAsync(["config", "explain", "--config", folder["agent.json"], "--name", "edge-1", "--state", folder["state"]], null, null, output, error, TestContext.Current.CancellationToken);

        Assert.Equal((ExitCode.Ok, ""), (code, error.ToString()));
        Assert.Matches($@"(?m)^broker\.passwordFile +secrets/password +file {folder["agent.json"]}:1:\d+\r?$", output.ToString());
        Assert.Matches(@"(?m)^name +edge-1 +command line --name\r?$", output.ToString());
        Assert.Matches(@"(?m)^prefix +flameedge +default\r?$", output.ToString());
    }

    private AgentConfiguration Read(IEnumerable<KeyValuePair<string, string>> variables, params (string Key, string Text, string Place)[] options)
    {
        if (!File.Exists(folder["agent.json"]))
        {
            File.WriteAllText(folder["agent.json"], "{}");
        }

        return new ConfigSources { File = folder["agent.json"], Environment = variables, CommandLine = options }.Read();
    }
}
