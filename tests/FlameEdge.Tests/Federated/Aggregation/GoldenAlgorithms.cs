using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using FlameEdge.Parameters;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Federated.Aggregation;

/// <summary>The independent traces of algorithms in the reference data, enumerated by topic: a file that is added there is run here.</summary>
internal static class GoldenAlgorithms
{
    private static readonly ConcurrentDictionary<string, JsonElement> Read = new(StringComparer.Ordinal);

    private static readonly Lazy<List<string>> Files = new(() => SharedData.IsAbsent
        ? []
        : [.. Directory.GetFiles(SharedData.Path("golden", "algorithms"), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]);

    /// <summary>One row per element of <paramref name="list"/> in each file of the topic.</summary>
    public static TheoryData<string, int> Cases(string topic, string list = "cases")
    {
        var data = new TheoryData<string, int>();
        foreach (var file in Files.Value.Where(file => Open(file).GetProperty("topic").GetString() == topic))
        {
            for (var i = 0; i < Open(file).GetProperty(list).GetArrayLength(); i++)
            {
                data.Add(Path.GetRelativePath(SharedData.Path("golden", "algorithms"), file), i);
            }
        }

        if (data.Count == 0)
        {
            data.Add(SharedData.Absent, 0);
        }

        return data;
    }

    /// <summary>One row per file of the topic.</summary>
    public static TheoryData<string> FilesOf(string topic) =>
        SharedData.IsAbsent ? [SharedData.Absent] : [.. Files.Value.Where(file => Open(file).GetProperty("topic").GetString() == topic).Select(file => Path.GetRelativePath(SharedData.Path("golden", "algorithms"), file))];

    /// <summary>The file of a row; skips the test where the data is absent, and fails where a topic has lost its files.</summary>
    public static JsonElement File(string name)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        return Open(SharedData.Path("golden", "algorithms", name));
    }

    public static JsonElement Case(string name, int index, string list = "cases") => File(name).GetProperty(list)[index];

    public static double Number(this JsonElement element, string name) => ToDouble(element.GetProperty(name));

    public static int Whole(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    public static double? NumberOrNull(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? ToDouble(value) : null;

    public static double[] Doubles(this JsonElement element) => [.. element.EnumerateArray().Select(ToDouble)];

    public static float[] Floats(this JsonElement element) => [.. element.EnumerateArray().Select(value => (float)ToDouble(value))];

    public static int[] Wholes(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt32())];

    public static float[] Floats(this JsonElement element, string name) => element.GetProperty(name).Floats();

    public static double[] Doubles(this JsonElement element, string name) => element.GetProperty(name).Doubles();

    public static int[] Wholes(this JsonElement element, string name) => element.GetProperty(name).Wholes();

    public static float[][] Rows(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(Floats)];

    /// <summary>A model that is one trained vector.</summary>
    public static ParameterLayout Vector(int length) => ParameterLayout.Of([("x", [length], ParameterKind.Trainable)]);

    /// <summary>The files' tolerance: relative to max(1, |expected|). 2e-5 is theirs for float32 arithmetic.</summary>
    public static void AssertClose(IReadOnlyList<double> expected, ReadOnlySpan<float> actual, double tolerance = 2e-5)
    {
        Assert.Equal(expected.Count, actual.Length);
        for (var i = 0; i < actual.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"[{i}]: expected {expected[i]:R}, got {actual[i]:R}");
        }
    }

    private static double ToDouble(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? double.Parse(value.GetString()!, CultureInfo.InvariantCulture) : value.GetDouble();

    private static JsonElement Open(string path) => Read.GetOrAdd(path, file => JsonDocument.Parse(System.IO.File.ReadAllBytes(file)).RootElement);
}
