using System.Text.Json;
using System.Text.Json.Nodes;
using FlameEdge.Control.Profiles;
using FlameEdge.Diagnostics;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Control;

public sealed class FirmwareProfileTests : IDisposable
{
    private static readonly string Folder = Path.Combine(SharedData.RepositoryRoot, "firmware-profiles");
    private static readonly JsonElement Schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "firmware-profile.schema.json"))).RootElement;
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> AgentClasses => [.. Directory.EnumerateDirectories(Folder).Where(path => !IsSensor(path)).Select(path => Path.GetFileName(path))];

    public static TheoryData<string> SensorClasses => [.. Directory.EnumerateDirectories(Folder).Where(IsSensor).Select(path => Path.GetFileName(path))];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("raspberry-pi-5")]
    [InlineData("raspberry-pi-zero-2w")]
    [InlineData("jetson-orin-nano")]
    [InlineData("industrial-x64")]
    [InlineData("trainer-x64-torch")]
    [InlineData("constrained-gateway")]
    [InlineData("esp32")]
    [InlineData("stm32")]
    public void The_class_is_there_with_its_readme_in_the_list(string name)
    {
        Assert.InRange(File.ReadAllLines(Path.Combine(Folder, name, "README.md")).Length, 5, 20);
        Assert.Contains($"({name}/README.md)", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SensorClasses))]
    public void A_sensors_profile_is_sound_and_its_messages_fit_its_packets(string name)
    {
        var profile = SensorProfile.Read(Path.Combine(Folder, name, "profile.json"));

        Assert.Equal(name, profile.Name);
        Assert.False(File.Exists(Path.Combine(Folder, name, "publish.props")), "a sensor runs no agent");
        Assert.InRange(profile.Telemetry.Fields.Count * profile.Telemetry.SamplesPerMessage * "-12.345,".Length, 1, profile.LargestPacketBytes);
    }

    [Fact]
    public void A_profile_of_the_other_kind_is_refused_as_such()
    {
        Assert.Contains("is a profile of kind sensor", Assert.Throws<TopologyException>(() => FirmwareProfile.Read(Path.Combine(Folder, "esp32", "profile.json"))).Message, StringComparison.Ordinal);
        Assert.Contains("is a profile of kind agent", Assert.Throws<TopologyException>(() => SensorProfile.Read(Path.Combine(Folder, "raspberry-pi-5", "profile.json"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("topic", "\"plant/vibration\"", "telemetry.topic is 'plant/vibration'")]
    [InlineData("format", "\"xml\"", "telemetry.format is 'xml'")]
    [InlineData("sampleRateHz", "0", "telemetry.sampleRateHz is 0")]
    [InlineData("samplesPerMessage", "0", "telemetry.samplesPerMessage is 0")]
    [InlineData("fields", "[]", "telemetry.fields has 0")]
    [InlineData("windows", "1", "windows")]
    public void A_wrong_value_of_a_sensor_is_named(string key, string value, string named)
    {
        var sound = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "esp32", "profile.json")))!; // Sound, as another test shows.
        sound["telemetry"]![key] = JsonNode.Parse(value);
        File.WriteAllText(folder["profile.json"], sound.ToJsonString());

        Assert.Contains(named, Assert.Throws<TopologyException>(() => SensorProfile.Read(folder["profile.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_sensors_schema_has_the_readers_keys()
    {
        var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "sensor-profile.schema.json"))).RootElement.GetProperty("properties");

        Assert.Equal(KeysOf(typeof(SensorProfile)), schema.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
        Assert.Equal(KeysOf(typeof(SensorTopic)), schema.GetProperty("telemetry").GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(AgentClasses))]
    public void A_profile_is_sound_and_named_as_its_folder(string name)
    {
        var profile = FirmwareProfile.Read(Path.Combine(Folder, name, "profile.json"));

        Assert.Equal(name, profile.Name);
        Assert.True(profile.WindowBytes >= profile.LargestPacketBytes);
        Assert.Equal(profile.Architecture, File.ReadAllText(Path.Combine(Folder, name, "publish.props")).Contains("linux-x64", StringComparison.Ordinal) ? "x64" : "arm64");
        Assert.Equal(profile.MemoryLimitBytes ?? profile.MemoryBytes, profile.ToLimits().MemoryBytes);
    }

    [Theory]
    [MemberData(nameof(AgentClasses))]
    public void A_profile_keeps_to_the_schema(string name)
    {
        var profile = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name, "profile.json"))).RootElement;
        var properties = Schema.GetProperty("properties");

        Assert.All(Schema.GetProperty("required").EnumerateArray(), key => Assert.True(profile.TryGetProperty(key.GetString()!, out _), $"{key} is missing"));
        Assert.All(profile.EnumerateObject(), entry =>
        {
            Assert.True(properties.TryGetProperty(entry.Name, out var rule), $"{entry.Name} is unknown");
            if (entry.Value.ValueKind == JsonValueKind.Number)
            {
                Assert.InRange(entry.Value.GetInt64(), rule.GetProperty("minimum").GetInt64(), rule.GetProperty("maximum").GetInt64());
            }
        });
    }

    [Fact]
    public void The_schema_has_the_readers_keys()
    {
        Assert.Equal(KeysOf(typeof(FirmwareProfile)), Schema.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, long, long> Ranges => new(Schema.GetProperty("properties").EnumerateObject()
        .Where(property => property.Value.TryGetProperty("minimum", out _))
        .Select(property => (property.Name, property.Value.GetProperty("minimum").GetInt64(), property.Value.GetProperty("maximum").GetInt64())));

    [Theory]
    [MemberData(nameof(Ranges))]
    public void The_reader_refuses_what_the_schema_refuses_and_names_it(string key, long least, long most)
    {
        Assert.Contains($"{key} is {least - 1}, but must be from {least} to {most}", Refusal(sound => sound[key] = least - 1), StringComparison.Ordinal);
        Assert.Contains(key, Refusal(sound => sound[key] = most + 1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("architecture", "\"mips\"", "architecture is 'mips', but must be one of x64, arm64")]
    [InlineData("power", "\"coal\"", "power is 'coal', but must be one of mains")]
    [InlineData("runtimes", "[]", "runtimes is '', but must be some of onnx, torch")]
    [InlineData("precision", "[\"float33\"]", "precision is 'float33'")]
    [InlineData("name", "\"My Device\"", "name is 'My Device'")]
    [InlineData("trainingWindows", "[\"22-6\"]", "trainingWindows holds '22-6'")]
    [InlineData("trainingWindows", "[\"24:00-06:00\"]", "trainingWindows holds '24:00-06:00'")]
    [InlineData("memoryLimitBytes", "17179869184", "memoryLimitBytes is above memoryBytes")]
    [InlineData("windowBytes", "8192", "windowBytes is below largestPacketBytes")]
    [InlineData("threads", "null", "threads")]
    [InlineData("threads", "\"three\"", "threads")]
    [InlineData("hardware", "null", "ardware")]
    [InlineData("coolness", "1", "coolness")]
    public void A_wrong_value_is_named(string key, string value, string named) =>
        Assert.Contains(named, Refusal(sound => sound[key] = JsonNode.Parse(value)), StringComparison.Ordinal);

    [Fact]
    public void A_missing_key_or_file_or_text_is_named()
    {
        Assert.Contains("memoryBytes", Refusal(sound => sound.Remove("memoryBytes")), StringComparison.Ordinal);
        Assert.Contains("none.json is no firmware profile", Assert.Throws<TopologyException>(() => FirmwareProfile.Read(folder["none.json"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["half.json"], "{ \"name\":");
        Assert.Contains("half.json is no firmware profile", Assert.Throws<TopologyException>(() => FirmwareProfile.Read(folder["half.json"])).Message, StringComparison.Ordinal);
    }

    private static bool IsSensor(string path) => File.ReadAllText(Path.Combine(path, "profile.json")).Contains("\"kind\": \"sensor\"", StringComparison.Ordinal);

    private static IEnumerable<string> KeysOf(Type type) =>
        type.GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Order(StringComparer.Ordinal);

    private string Refusal(Action<JsonObject> spoil)
    {
        var sound = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "raspberry-pi-5", "profile.json")))!.AsObject(); // Sound, as another test shows.
        spoil(sound);
        File.WriteAllText(folder["profile.json"], sound.ToJsonString());
        var message = Assert.Throws<TopologyException>(() => FirmwareProfile.Read(folder["profile.json"])).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
