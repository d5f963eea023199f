using System.Text.Json;
using FlameEdge.Collaborative.Drift;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Collaborative.Drift;

/// <summary>Every firing of every stored stream, to the index.</summary>
[Trait("Category", "Golden")]
public class GoldenDriftTests
{
    public static TheoryData<string> Streams => SharedData.IsAbsent ? [] : [.. Root().EnumerateArray().Select(stream => stream.GetProperty("name").GetString()!)]; // Every stream has a name.

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Page_Hinkley_fires_where_the_reference_does(string name) =>
        All(name, "page_hinkley", setting => new PageHinkley(Number(setting, "delta"), Number(setting, "lambda"), setting.GetProperty("minimum_observations").GetInt32()), setting => setting);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Adwin_fires_where_the_reference_does_checked_at_every_value(string name) =>
        All(name, "adwin", setting => new Adwin(Number(setting, "delta"), setting.GetProperty("minimum_subwindow").GetInt32()), setting => setting.GetProperty("buckets_M5_every_element"));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Adwin_fires_where_the_reference_does_checked_at_every_32nd_value(string name) =>
        All(name, "adwin", setting => new Adwin(Number(setting, "delta"), setting.GetProperty("minimum_subwindow").GetInt32(), checkEvery: 32), setting => setting.GetProperty("buckets_M5_every_32nd_element"));

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Ddm_fires_and_warns_where_the_reference_does(string name)
    {
        if (!Stream(name).TryGetProperty("ddm", out var expected) || expected.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var detector = new DriftDetectionMethod(Number(expected, "warning_level"), Number(expected, "drift_level"), expected.GetProperty("minimum_observations").GetInt32());
        List<int> fires = [];
        List<int> warnings = [];
        foreach (var (value, i) in Values(name).Select((value, i) => (value, i)))
        {
            (detector.Add(value) ? fires : detector.IsWarning ? warnings : []).Add(i);
        }

        Assert.Equal(Integers(expected, "fires_at"), fires);
        Assert.Equal(Integers(expected, "warnings_at"), warnings);
    }

    private static void All(string name, string detector, Func<JsonElement, IDriftDetector> make, Func<JsonElement, JsonElement> expected)
    {
        foreach (var setting in Stream(name).TryGetProperty(detector, out var settings) ? settings.EnumerateArray().ToArray() : [])
        {
            var detect = make(setting);
            var fires = Values(name).Select((value, i) => (Fires: detect.Add(value), Index: i)).Where(step => step.Fires).Select(step => step.Index).ToArray();

            Assert.Equal(Integers(expected(setting), "fires_at"), fires);
        }
    }

    private static double[] Values(string name)
    {
        var stream = Stream(name).GetProperty("stream");
        return stream.ValueKind == JsonValueKind.String
            ? [.. stream.GetString()!.Select(digit => digit - '0')] // A string.
            : [.. stream.EnumerateArray().Select(value => value.GetDouble())];
    }

    private static double Number(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static int[] Integers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    private static JsonElement Stream(string name) => Root().EnumerateArray().Single(stream => stream.GetProperty("name").GetString() == name);

    private static JsonElement Root() => JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "algorithms", "drift", "streams.json"))).RootElement.GetProperty("streams");
}
