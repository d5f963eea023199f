using System.Text;
using System.Text.Json.Nodes;
using FlameEdge.Models.Telemetry;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Telemetry;

public sealed class TelemetrySettingsTests
{
    private const string Sound = """
        { "name": "press-1", "filter": "plant/+/vibration", "fields": ["vibration.x"], "rateHz": 512, "deviceLevel": 1, "window": { "samples": 256 },
          "bands": [0, 50, 256], "classes": ["good", "bad"], "label": { "topic": "plant/+/label" }, "reservoir": { "capacity": 10, "least": 2 } }
        """;

    [Fact]
    public void A_sound_item_is_read_and_a_wrong_one_beside_it_takes_nothing_from_it()
    {
        var reading = TelemetryReading.Read(Encoding.UTF8.GetBytes($$"""[ {{Sound}}, { "name": "X" }, 7, { "name": 3 }, {{Sound}} ]"""));

        Assert.Equal("press-1", Assert.Single(reading.Sources).Name);
        Assert.Contains(reading.Refused, refusal => refusal.Key == "telemetry[1].name");
        Assert.Contains(reading.Refused, refusal => refusal.Key == "telemetry[2]" && refusal.Why.Contains("wrong kind", StringComparison.Ordinal));
        Assert.Contains(reading.Refused, refusal => refusal.Key == "telemetry[3].name");
        Assert.Contains(reading.Refused, refusal => refusal.Key == "telemetry[4].name" && refusal.Why.Contains("taken", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("surprise", "1", "surprise")]
    [InlineData("filter", "\"#\"", "filter")]
    [InlineData("filter", "\"+/x\"", "filter")]
    [InlineData("filter", "\"plant/x+/y\"", "filter")]
    [InlineData("filter", "\"plant/#/y\"", "filter")]
    [InlineData("filter", "\"$SYS/x\"", "filter")]
    [InlineData("format", "\"xml\"", "format")]
    [InlineData("format", "\"csv\"", "columns")]
    [InlineData("fields", "[]", "fields")]
    [InlineData("deviceLevel", "3", "deviceLevel")]
    [InlineData("rateHz", "0", "rateHz")]
    [InlineData("bands", "[50, 10]", "bands")]
    [InlineData("bands", "[0, 257]", "bands")]
    [InlineData("classes", "[\"one\"]", "classes")]
    [InlineData("features", "[\"mode\"]", "features")]
    [InlineData("maximumRate", "0", "maximumRate")]
    [InlineData("window", "{}", "window")]
    [InlineData("window", "{ \"samples\": 1 }", "window.samples")]
    [InlineData("window", "{ \"samples\": 99999999 }", "window.samples")]
    [InlineData("window", "{ \"seconds\": 1e300 }", "window.seconds")]
    [InlineData("window", "{ \"samples\": 8, \"step\": 9 }", "window.step")]
    [InlineData("window", "{ \"samples\": 8, \"steps\": 9 }", "window.steps")]
    [InlineData("window", "null", "window")]
    [InlineData("label", "{}", "label")]
    [InlineData("label", "{ \"topic\": \"a/b\", \"otherwise\": \"ugly\" }", "label.otherwise")]
    [InlineData("label", "{ \"rules\": [ { \"field\": \"x\", \"class\": \"bad\" } ] }", "label.rules")]
    [InlineData("reservoir", "{ \"capacity\": 0 }", "reservoir.capacity")]
    [InlineData("reservoir", "{ \"capacity\": 100001 }", "reservoir.capacity")]
    [InlineData("reservoir", "{ \"capacity\": 1, \"balanced\": true }", "reservoir.capacity")]
    [InlineData("reservoir", "{ \"capacity\": 5, \"least\": 6 }", "reservoir.least")]
    public void A_wrong_key_is_named(string key, string value, string named)
    {
        var item = JsonNode.Parse(Sound)!.AsObject(); // Sound, as another test shows.
        item[key] = JsonNode.Parse(value);

        var reading = TelemetryReading.Read(Encoding.UTF8.GetBytes($"[{item.ToJsonString()}]"));

        Assert.Empty(reading.Sources);
        Assert.Contains(reading.Refused, refusal => refusal.Key == $"telemetry[0].{named}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[")]
    [InlineData("null")]
    public void A_text_that_is_no_list_is_refused(string text) =>
        Assert.Equal("telemetry", Assert.Single(TelemetryReading.Read(Encoding.UTF8.GetBytes(text)).Refused).Key);

    [Fact]
    public void The_sample_is_sound() =>
        Assert.Empty(TelemetryReading.Read(File.ReadAllBytes(Path.Combine(SharedData.RepositoryRoot, "samples", "telemetry-to-model", "telemetry.json"))).Refused);

    [Theory]
    [InlineData("a/+/c", "a/b/c", true)]
    [InlineData("a/+/c", "a/b/d", false)]
    [InlineData("a/+", "a/b/c", false)]
    [InlineData("a/#", "a/b/c", true)]
    [InlineData("a/b/c", "a/b", false)]
    public void A_filter_matches_as_a_brokers_does(string filter, string topic, bool matches) => Assert.Equal(matches, TopicFilter.Matches(filter, topic));
}
