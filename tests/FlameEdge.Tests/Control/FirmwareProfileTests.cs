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

    public static TheoryData<string> Classes => [.. Directory.EnumerateDirectories(Folder).Select(path => Path.GetFileName(path))];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Classes))]
    public void A_profile_is_sound_and_named_as_its_folder(string name)
    {
        var profile = FirmwareProfile.Read(Path.Combine(Folder, name, "profile.json"));

        Assert.Equal(name, profile.Name);
        Assert.True(profile.WindowBytes >= profile.LargestPacketBytes);
        Assert.InRange(File.ReadAllLines(Path.Combine(Folder, name, "README.md")).Length, 5, 20);
        Assert.Contains($"({name}/README.md)", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Classes))]
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
        var keys = typeof(FirmwareProfile).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Order(StringComparer.Ordinal);

        Assert.Equal(keys, Schema.GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
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
