using FlameEdge.Collaborative.Boosting;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Messages;

/// <summary>A verdict on the wire: version, refusal (255: in use), label 8, content 8, gain 4, helper (length, name).</summary>
internal static class JudgementMessage
{
    private const byte Version = 1;
    private const byte Accepted = 255;
    private const float MostGain = 1e9f;

    public static byte[] Write(Verdict verdict) => new WireWriter()
        .Byte(Version).Byte(verdict.Refusal is { } refusal ? (byte)refusal : Accepted)
        .Long(verdict.LabelId).Long(verdict.Content).Number(Math.Clamp(verdict.Gain, -MostGain, MostGain)).Worker(verdict.Helper)
        .Bytes;

    /// <summary>What <paramref name="target"/> decided.</summary>
    /// <exception cref="PayloadException">The bytes are no judgement.</exception>
    public static Verdict Read(ReadOnlySpan<byte> bytes, string target)
    {
        var reader = new WireReader(bytes, "judgement");
        if (reader.Byte() is not Version and var version)
        {
            throw reader.Fault($"version {version} is unknown");
        }

        var refusal = reader.Byte();
        if (refusal != Accepted && refusal > (byte)Refusal.Unreadable)
        {
            throw reader.Fault($"{refusal} is no refusal");
        }

        var (label, content, gain, helper) = (reader.Long(), reader.Long(), reader.Number(-MostGain, MostGain), reader.Worker());
        reader.End();
        return new Verdict(target, helper, label, content, refusal == Accepted ? null : (Refusal)refusal, gain);
    }
}
