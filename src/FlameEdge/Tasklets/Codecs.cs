using FlameEdge.Parameters.Codecs;
using FlameEdge.Topology;

namespace FlameEdge.Tasklets;

/// <summary>The codecs a job's channels name.</summary>
public static class Codecs
{
    /// <summary>The codec that a direction of a channel is written in.</summary>
    public static UpdateCodec Of(CodecSpec spec) => spec == CodecSpec.Plain ? UpdateCodec.Plain : new(FormatOf(spec), spec.TopShare, spec.IsDelta);

    private static ValueFormat FormatOf(CodecSpec spec) => spec.Values switch
    {
        ValueKind.Plain => new Float32Values(),
        ValueKind.Float16 => new Float16Values(),
        ValueKind.BFloat16 => new BFloat16Values(),
        ValueKind.Quantized => new Int8Values(spec.Block ?? Int8Values.UsualBlock),
        ValueKind.Sign => new SignValues(spec.Block ?? SignValues.UsualBlock),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Values, "no such format"),
    };
}
