using System.Text.Json;
using FlameEdge.Onnx.Inspection;

namespace FlameEdge.Cli.Output;

/// <summary>What the verbs over models say in the same words.</summary>
internal static class ModelText
{
    public static string Shape<T>(IEnumerable<T> sizes) => $"[{string.Join(", ", sizes)}]";

    public static long Count(TensorReport tensor) => tensor.Shape.Aggregate(1L, (product, size) => product * size);

    public static string Use(TensorUse use) => use switch
    {
        TensorUse.Trained => "trained",
        TensorUse.Buffer => "statistics",
        _ => "constant",
    };

    public static string Gradient(GradientSupport support) => support switch
    {
        GradientSupport.Yes => "yes",
        GradientSupport.Stops => "ends here",
        GradientSupport.Missing => "no rule",
        _ => "-",
    };

    /// <summary>A list of sizes; open ones as text, an unknown shape as null.</summary>
    public static void WriteShape<T>(Utf8JsonWriter json, string name, IReadOnlyList<T>? sizes)
    {
        if (sizes is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var size in sizes)
        {
            if (long.TryParse($"{size}", out var number))
            {
                json.WriteNumberValue(number);
            }
            else
            {
                json.WriteStringValue($"{size}");
            }
        }

        json.WriteEndArray();
    }
}
