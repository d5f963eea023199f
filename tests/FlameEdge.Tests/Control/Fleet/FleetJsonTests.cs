using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Control.Profiles;

namespace FlameEdge.Tests.Control.Fleet;

/// <summary>The wire format of the fleet: these texts are read by agents of other versions and written by hands.</summary>
public sealed class FleetJsonTests
{
    private const string Hash = "ab12";
    private static readonly Dictionary<string, string> Labels = new(StringComparer.Ordinal) { ["site"] = "north" };

    /// <summary>A document's type, an example with every key, its text, and the smallest text that is one.</summary>
    public static TheoryData<JsonTypeInfo, object, string, string> Documents => new()
    {
        {
            FleetJson.Default.AgentBirth,
            new AgentBirth
            {
                Agent = "gw1", Incarnation = 3, Session = "s", Version = "v", Profile = "pi", Runtimes = new Dictionary<string, string> { ["onnx"] = "1.22" }, Programs = ["trainer"],
                Hardware = new() { Architecture = "arm64", Cores = 4, MemoryBytes = 5, FreeStorageBytes = 6, Model = "board", System = "os" },
                Limits = new()
                {
                    MemoryBytes = 1, StorageBytes = 2, Threads = 3, LargestBatch = 4, LargestPacketBytes = 5, WindowBytes = 6, DailyBytes = 7, IsMetered = true, Power = "solar",
                    LeastBatteryPercent = 8, TrainingWindows = ["22:00-06:00"], TemperatureLimitCelsius = 80, Workers = 9,
                },
                Datasets = [new("rows", 10, Labels), new("bare")], DatasetCount = 2, Labels = Labels,
            },
            """{"agent":"gw1","incarnation":3,"session":"s","version":"v","profile":"pi","hardware":{"architecture":"arm64","cores":4,"memoryBytes":5,"freeStorageBytes":6,"model":"board","system":"os"},"limits":{"memoryBytes":1,"storageBytes":2,"threads":3,"largestBatch":4,"largestPacketBytes":5,"windowBytes":6,"dailyBytes":7,"isMetered":true,"power":"solar","leastBatteryPercent":8,"trainingWindows":["22:00-06:00"],"temperatureLimitCelsius":80,"workers":9},"runtimes":{"onnx":"1.22"},"programs":["trainer"],"datasets":[{"name":"rows","rows":10,"labels":{"site":"north"}},{"name":"bare"}],"datasetCount":2,"labels":{"site":"north"}}""",
            """{"agent":"gw1","incarnation":3,"version":"v","hardware":{"architecture":"x64","cores":1,"memoryBytes":1,"freeStorageBytes":1},"limits":{}}"""
        },
        {
            FleetJson.Default.AgentState,
            new AgentState
            {
                Agent = "gw1", Incarnation = 3, State = AgentCondition.Sleeping, Reason = "why", Epoch = 4, Revision = 5, BytesToday = 6, WorkCount = new Dictionary<string, int> { ["running"] = 1 },
                Work = [new() { Job = "j", Generation = "g", Worker = "w_0", Attempt = 2, Phase = WorkPhase.Waiting, Reason = "why", Round = 7 }],
                Config = new(Hash, [new("name", "no")], ["limits.threads"]),
            },
            """{"agent":"gw1","incarnation":3,"state":"sleeping","reason":"why","epoch":4,"revision":5,"work":[{"job":"j","generation":"g","worker":"w_0","attempt":2,"phase":"waiting","reason":"why","round":7}],"workCount":{"running":1},"config":{"hash":"ab12","refused":[{"key":"name","why":"no"}],"needsRestart":["limits.threads"]},"bytesToday":6}""",
            """{"agent":"gw1","incarnation":3,"state":"ready"}"""
        },
        {
            FleetJson.Default.AgentTask,
            new AgentTask
            {
                Epoch = 1, Controller = "c", Revision = 2, IsDraining = true,
                Jobs = [new() { Job = "j", Generation = "g", Document = Hash, Desired = DesiredWork.Pause, LeaseSeconds = 1.5, Workers = new Dictionary<string, int> { ["w_0"] = 1 }, Leased = ["w_0"], Checkpoints = new Dictionary<string, string> { ["w_0"] = Hash } }],
            },
            """{"epoch":1,"controller":"c","revision":2,"jobs":[{"job":"j","generation":"g","document":"ab12","desired":"pause","leaseSeconds":1.5,"workers":{"w_0":1},"leased":["w_0"],"checkpoints":{"w_0":"ab12"}}],"isDraining":true}""",
            """{"epoch":1,"controller":"c","revision":2}"""
        },
        {
            FleetJson.Default.TaskJob,
            new TaskJob { Job = "j", Generation = "g", Document = Hash, Desired = DesiredWork.Run, LeaseSeconds = 15, Workers = new Dictionary<string, int>() },
            """{"job":"j","generation":"g","document":"ab12","desired":"run","leaseSeconds":15,"workers":{},"leased":[]}""",
            """{"job":"j","generation":"g","document":"ab12","desired":"run","leaseSeconds":15,"workers":{}}"""
        },
        {
            FleetJson.Default.AgentMetrics,
            new AgentMetrics { Agent = "gw1", Incarnation = 3, BytesToday = 4, MemoryBytes = 5, Processor = 0.5, TemperatureCelsius = 40.5, Workers = new Dictionary<string, int> { ["running"] = 1 } },
            """{"agent":"gw1","incarnation":3,"bytesToday":4,"memoryBytes":5,"processor":0.5,"temperatureCelsius":40.5,"workers":{"running":1}}""",
            """{"agent":"gw1","incarnation":3,"bytesToday":4,"workers":{}}"""
        },
        {
            FleetJson.Default.AgentEvent,
            new AgentEvent { Event = "log", Worker = "w_0", Level = "warning", Text = "t", Count = 2 },
            """{"event":"log","worker":"w_0","level":"warning","text":"t","count":2}""",
            """{"event":"log"}"""
        },
        { FleetJson.Default.CheckpointNote, new CheckpointNote("w_0", Hash, 3, "run"), """{"worker":"w_0","hash":"ab12","round":3,"run":"run"}""", """{"worker":"w_0","hash":"ab12","round":3,"run":"run"}""" },
        {
            FleetJson.Default.JobDocument,
            new JobDocument
            {
                Job = "j", Generation = "g", Revision = 1, Text = JsonDocument.Parse("""{"job":"j"}""").RootElement, Files = new Dictionary<string, string> { ["m.onnx"] = Hash },
                Workers = [new("w_0", "gw1", "rows", Labels, 1), new("top_0", "gw2", null, Labels, 2)],
            },
            """{"job":"j","generation":"g","revision":1,"text":{"job":"j"},"workers":[{"id":"w_0","agent":"gw1","dataset":"rows","groups":{"site":"north"},"attempt":1},{"id":"top_0","agent":"gw2","dataset":null,"groups":{"site":"north"},"attempt":2}],"files":{"m.onnx":"ab12"}}""",
            """{"job":"j","generation":"g","revision":1,"text":{},"workers":[]}"""
        },
        {
            FleetJson.Default.JobStatus,
            new JobStatus { Job = "j", Generation = "g", State = JobPhase.Deploying, Reason = "why", Round = 1, Rounds = 5, Accuracy = 0.5, Workers = new Dictionary<string, int> { ["unplaced"] = 1 }, Controller = "c", Epoch = 2, Request = "r", Refusal = "no" },
            """{"job":"j","generation":"g","state":"deploying","reason":"why","round":1,"rounds":5,"accuracy":0.5,"workers":{"unplaced":1},"controller":"c","epoch":2,"request":"r","refusal":"no"}""",
            """{"job":"j","generation":"g","state":"waiting","controller":"c","epoch":2}"""
        },
        {
            FleetJson.Default.JobSummary,
            new JobSummary { Job = "j", Title = "J", Generation = "g", Rounds = 5, Workers = new Dictionary<string, int> { ["trainer"] = 2 }, Document = Hash, Revision = 1, Checkpoint = Hash, CheckpointRound = 4 },
            """{"job":"j","title":"J","generation":"g","rounds":5,"workers":{"trainer":2},"document":"ab12","revision":1,"checkpoint":"ab12","checkpointRound":4}""",
            """{"job":"j","title":"J","generation":"g","workers":{}}"""
        },
        {
            FleetJson.Default.JobEvent,
            new JobEvent { Event = "move", Generation = "g", State = JobPhase.Running, Worker = "w_0", From = "gw1", To = "gw2", Attempt = 2, Why = "why", Request = "r" },
            """{"event":"move","generation":"g","state":"running","worker":"w_0","from":"gw1","to":"gw2","attempt":2,"why":"why","request":"r"}""",
            """{"event":"move"}"""
        },
        {
            FleetJson.Default.DesiredJob,
            new DesiredJob { State = "running", Text = JsonDocument.Parse("""{"job":"j"}""").RootElement, Files = new Dictionary<string, string> { ["m.onnx"] = Hash }, Request = "r" },
            """{"state":"running","text":{"job":"j"},"files":{"m.onnx":"ab12"},"request":"r"}""",
            """{"state":"paused"}"""
        },
        {
            FleetJson.Default.ControllerBirth,
            new ControllerBirth { Controller = "c", Epoch = 2, Session = "s", Version = "v" },
            """{"controller":"c","epoch":2,"session":"s","version":"v"}""",
            """{"controller":"c","epoch":2,"session":"s"}"""
        },
        { FleetJson.Default.ControllerConfig, new ControllerConfig { Draining = ["gw1"] }, """{"draining":["gw1"]}""", "{}" },
    };

    [Theory]
    [MemberData(nameof(Documents))]
    public void The_wire_format_is_what_it_was(JsonTypeInfo type, object example, string text, string smallest)
    {
        Assert.Equal(text, JsonSerializer.Serialize(example, type));
        Assert.Equal(text, JsonSerializer.Serialize(JsonSerializer.Deserialize(text, type), type));
        Assert.All(OptionalNames(type), name => Assert.Contains($"\"{name}\":", text, StringComparison.Ordinal));
        Assert.NotEmpty(smallest);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void The_smallest_document_has_every_collection_and_refuses_to_be_smaller(JsonTypeInfo type, object example, string text, string smallest)
    {
        var read = JsonSerializer.Deserialize(smallest, type);
        Assert.NotNull(read);
        Assert.All(Collections(read), entry => Assert.True(entry.Value is not null, $"{example.GetType().Name}.{entry.Name} is null where {text} has it"));
        using var document = JsonDocument.Parse(smallest);
        foreach (var name in document.RootElement.EnumerateObject().Select(property => property.Name))
        {
            var less = document.RootElement.EnumerateObject().Where(property => property.Name != name).ToDictionary(property => property.Name, property => property.Value);
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(JsonSerializer.Serialize(less), type));
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"epoch":1,"controller":"c","revision":2,"jobs":null}""")]
    [InlineData("""{"epoch":"1","controller":"c","revision":2}""")]
    public void What_is_no_document_is_nothing(string text) => Assert.Null(FleetJson.Read(Encoding.UTF8.GetBytes(text), FleetJson.Default.AgentTask));

    [Fact]
    public void A_profile_without_optional_keys_makes_limits()
    {
        const string smallest = """
            {"name":"p","hardware":"h","architecture":"x64","memoryBytes":1,"storageBytes":1,"threads":1,"runtimes":[],"precision":[],"largestBatch":1,"largestPacketBytes":1,"windowBytes":1,
             "keepAliveSeconds":1,"sessionExpirySeconds":1,"isMetered":false,"power":"mains","temperatureLimitCelsius":80}
            """;
        var profile = JsonSerializer.Deserialize(smallest, ProfileJson.Default.FirmwareProfile);
        Assert.NotNull(profile);
        Assert.All(Collections(profile), entry => Assert.NotNull(entry.Value));
        Assert.Null(profile.ToLimits().TrainingWindows);
    }

    // Those that may not be null: a null there would end who reads it.
    private static List<(string Name, object? Value)> Collections(object read)
    {
        var nullability = new NullabilityInfoContext();
        return [.. read.GetType().GetProperties()
            .Where(property => property.PropertyType != typeof(string) && typeof(IEnumerable).IsAssignableFrom(property.PropertyType) && nullability.Create(property).ReadState == NullabilityState.NotNull)
            .Select(property => (property.Name, property.GetValue(read)))];
    }

    // Of the document itself; the task's job has a row of its own that leaves them out.
    private static IEnumerable<string> OptionalNames(JsonTypeInfo type) => type.Type == typeof(TaskJob) ? [] : type.Properties.Select(property => property.Name);
}
