using System.Buffers;
using CsCheck;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Tests.Parameters.Codecs;

public class Float32PayloadTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of(
        [("layer1.weight", [2, 2], ParameterKind.Trainable), ("layer1.bias", [2], ParameterKind.Trainable)]);

    private static readonly float[] Values = [1f, -2.5f, 0f, 3.4028235e38f, 1e-45f, -0f];

    [Fact]
    public void The_bytes_are_those_of_the_golden_file()
    {
        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "float32.hex")).ReplaceLineEndings(string.Empty);

        Assert.Equal(golden, Convert.ToHexStringLower(Encoded()));
        var decoded = new float[6];
        UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(Convert.FromHexString(golden)), Layout, decoded);
        Assert.Equal(Values, decoded);
    }

    [Fact]
    public void Decoding_what_was_encoded_gives_it_back_however_it_is_cut() =>
        Gen.Select(Gen.Float.Where(float.IsFinite).Array[6], Gen.Int[1, 71]).Sample((values, cut) =>
        {
            var bytes = Encode(values);
            var decoded = new float[6];
            UpdateCodec.Plain.Decode(Cut(bytes, cut), Layout, decoded);
            return decoded.Select(BitConverter.SingleToInt32Bits).SequenceEqual(values.Select(BitConverter.SingleToInt32Bits));
        });

    [Fact]
    public void Truncated_prolonged_or_changed_bytes_never_pass_as_something_else() =>
        Gen.Select(Gen.Int[0, 71], Gen.Byte[1, 255], Gen.Int[0, 2]).Sample((position, change, kind) =>
        {
            var bytes = Encoded();
            byte[] hostile = kind switch { 0 => bytes[..position], 1 => [.. bytes, change], _ => [.. bytes] };
            if (kind == 2)
            {
                hostile[position] ^= change;
            }

            try
            {
                UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(hostile), Layout, new float[6]);
                return kind == 2 && position >= PayloadHeader.Bytes;
            }
            catch (Exception error) when (error is PayloadException or ModelMismatchException)
            {
                return true;
            }
        });

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Values_that_are_not_finite_are_refused(float bad)
    {
        var bytes = Encode([1, 2, bad, 4, 5, 6]);

        var error = Assert.Throws<PayloadException>(() => UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(bytes), Layout, new float[6]));

        Assert.Contains("not finite", error.Message);
    }

    [Fact]
    public void A_model_of_another_layout_is_a_mismatch()
    {
        var other = ParameterLayout.Of([("layer1.weight", [4], ParameterKind.Trainable), ("layer1.bias", [2], ParameterKind.Trainable)]);

        Assert.Throws<ModelMismatchException>(() => UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(Encoded()), other, new float[6]));
    }

    private static byte[] Encoded() => Encode(Values);

    private static byte[] Encode(float[] values)
    {
        var output = new ArrayBufferWriter<byte>();
        UpdateCodec.Plain.Encode(Layout, values, output);
        return output.WrittenSpan.ToArray();
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes, int at)
    {
        var first = new Segment(bytes.AsMemory(0, at), 0, null);
        var second = new Segment(bytes.AsMemory(at), at, first);
        return new ReadOnlySequence<byte>(first, 0, second, second.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index, Segment? before)
        {
            Memory = memory;
            RunningIndex = index;
            before?.Next = this;
        }
    }
}
