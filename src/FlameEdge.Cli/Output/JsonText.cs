using System.Buffers;
using System.Text;
using System.Text.Json;

namespace FlameEdge.Cli.Output;

/// <summary>Writes JSON to a text stream in pieces, so that a plan of a million workers never stands in memory as text.</summary>
internal sealed class JsonText : IDisposable
{
    private const int PieceBytes = 1 << 16;
    private readonly ArrayBufferWriter<byte> buffer = new(2 * PieceBytes);
    private readonly TextWriter output;

    public JsonText(TextWriter output)
    {
        this.output = output;
        Json = new(buffer, new() { Indented = true, NewLine = "\n" });
    }

    /// <summary>Where the values go.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>Hands over what has been written once there is enough of it. Call it between values.</summary>
    public void Drain()
    {
        if (Json.BytesPending + buffer.WrittenCount > PieceBytes)
        {
            Empty();
        }
    }

    /// <summary>Ends the text.</summary>
    public void Dispose()
    {
        Empty();
        Json.Dispose();
        output.WriteLine();
        output.Flush();
    }

    private void Empty()
    {
        Json.Flush();
        output.Write(Encoding.UTF8.GetString(buffer.WrittenSpan));
        buffer.ResetWrittenCount();
    }
}
