using System.Text.Json;
using System.Text.RegularExpressions;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Cli.Output;

/// <summary>Writes a job's resolved tree as JSON that reads as the same job: comments and parameters are gone, for nothing refers to them any more.</summary>
internal static partial class SpecJson
{
    /// <summary>Writes a whole job.</summary>
    public static void Write(JsonText text, SpecNode root) => Write(text, root, isRoot: true);

    private static void Write(JsonText text, SpecNode node, bool isRoot)
    {
        switch (node)
        {
            case SpecMapping mapping:
                text.Json.WriteStartObject();
                foreach (var (key, value) in mapping.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text) && !(isRoot && entry.Key.Text == "parameters")))
                {
                    text.Json.WritePropertyName(key.Text);
                    Write(text, value, isRoot: false);
                    text.Drain();
                }

                text.Json.WriteEndObject();
                break;
            case SpecSequence sequence:
                text.Json.WriteStartArray();
                foreach (var item in sequence.Items)
                {
                    Write(text, item, isRoot: false);
                    text.Drain();
                }

                text.Json.WriteEndArray();
                break;
            case SpecScalar scalar:
                Write(text.Json, scalar);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, SpecScalar scalar)
    {
        if (scalar.IsNull)
        {
            json.WriteNullValue();
        }
        else if (!scalar.IsQuoted && Plain().IsMatch(scalar.Text))
        {
            json.WriteRawValue(scalar.Text);
        }
        else
        {
            // What looks like a parameter by now is meant as it stands, and the next reader must be told so.
            json.WriteStringValue(Parameter().Replace(scalar.Text, match => $"${match.Value}"));
        }
    }

    /// <summary>What JSON writes without quotes.</summary>
    [GeneratedRegex(@"^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\$\{[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();
}
