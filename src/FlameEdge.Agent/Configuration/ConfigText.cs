using System.Buffers;
using System.Text;
using System.Text.Json;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Configuration;

/// <summary>A value of a configuration as text again.</summary>
internal static class ConfigText
{
    /// <summary>As JSON.</summary>
    public static string Json(SpecNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, node);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>As people write it: a single value as it is, all else as JSON.</summary>
    public static string Plain(SpecNode node) => node is SpecScalar scalar ? scalar.Text : Json(node);

    private static void Write(Utf8JsonWriter writer, SpecNode node)
    {
        switch (node)
        {
            case SpecScalar { IsNull: true }:
                writer.WriteNullValue();
                break;
            case SpecScalar { IsQuoted: false } scalar:
                writer.WriteRawValue(scalar.Text);
                break;
            case SpecScalar scalar:
                writer.WriteStringValue(scalar.Text);
                break;
            case SpecSequence list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case SpecMapping mapping:
                writer.WriteStartObject();
                foreach (var entry in mapping.Entries)
                {
                    writer.WritePropertyName(entry.Key.Text);
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
        }
    }
}
