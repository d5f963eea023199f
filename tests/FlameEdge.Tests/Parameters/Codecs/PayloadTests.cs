using System.Buffers;
using System.Buffers.Binary;
using CsCheck;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Tests.Parameters.Codecs;

/// <summary>What holds for the payloads of every codec.</summary>
public class PayloadTests
{
    // Long enough for several tiles of every codec, and for a last one that is not whole.
    private const int Long = 9001;
    private static readonly Gen<float[]> Vector = Gen.Int[1, 300].SelectMany(length => Gen.Float[-60000f, 60000f].Array[length]);

    public static TheoryData<string> Names => CodecCases.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_bytes_are_those_of_the_golden_file(string name)
    {
        var golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", $"{name}.hex")).Trim();

        Assert.Equal(golden, Convert.ToHexStringLower(CodecCases.Encode(CodecCases.All[name], CodecCases.Values)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_was_decoded_encodes_to_the_same_bytes_and_values_however_it_is_cut(string name) =>
        Gen.Select(Vector, Gen.Int[1, 500]).Sample((values, piece) =>
        {
            var codec = CodecCases.All[name];
            var bytes = CodecCases.Encode(codec, values);
            var once = CodecCases.Decode(codec, CodecCases.Cut(bytes, piece), values.Length);
            var twice = CodecCases.Decode(codec, CodecCases.Encode(codec, once), values.Length);
            return bytes.Length <= codec.LargestBytesOf(values.Length) && (codec.KeepsError || Near(once, twice));
        }, iter: 200);

    [Theory]
    [MemberData(nameof(Names))]
    public void Folding_from_the_bytes_gives_the_sum_of_decoded_values_however_it_is_cut(string name)
    {
        var codec = CodecCases.All[name];
        var values = Enumerable.Range(0, Long).Select(i => ((i * 7919 % 20011) / 1000f) - 10f).ToArray();
        var bytes = CodecCases.Encode(codec, values);
        var (folded, added) = (new ExactSum(Long, SumStep.For(100, 64)), new ExactSum(Long, SumStep.For(100, 64)));

        foreach (var piece in new[] { bytes.Length, 1000, 17 })
        {
            Assert.Equal(SumRefusal.None, codec.Fold(CodecCases.Cut(bytes, piece), CodecCases.LayoutOf(Long), 7, folded));
            Assert.Equal(SumRefusal.None, added.Add(7, CodecCases.Decode(codec, bytes, Long)));
        }

        Assert.Equal(Mean(added), Mean(folded));
        Assert.Equal(added.Weight, folded.Weight);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_value_out_of_range_at_the_very_end_leaves_the_sum_as_it_was(string name)
    {
        var codec = CodecCases.All[name];
        var sum = new ExactSum(Long, SumStep.For(100, 64));
        var sound = Enumerable.Range(0, Long).Select(i => (i % 50) - 25f).ToArray();
        codec.Fold(new ReadOnlySequence<byte>(CodecCases.Encode(codec, sound)), CodecCases.LayoutOf(Long), 3, sum);
        var before = Mean(sum);
        float[] wide = [.. sound];
        wide[^1] = 6000;

        Assert.Equal(SumRefusal.ValueOutOfRange, codec.Fold(new ReadOnlySequence<byte>(CodecCases.Encode(codec, wide)), CodecCases.LayoutOf(Long), 3, sum));

        Assert.Equal(before, Mean(sum));
        Assert.Equal(3, sum.Weight);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_that_are_not_finite_are_refused(string name)
    {
        var codec = CodecCases.All[name];
        foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            var values = Enumerable.Repeat(1f, Long).ToArray();
            values[^2] = bad;
            var bytes = CodecCases.Encode(codec, values);
            var sum = new ExactSum(Long, SumStep.For(100, 64));
            sum.Add(1, Enumerable.Repeat(2f, Long).ToArray());

            Assert.Contains("not finite", Assert.Throws<PayloadException>(() => CodecCases.Decode(codec, bytes, Long)).Message);
            Assert.Contains("not finite", Assert.Throws<PayloadException>(() => codec.Fold(new ReadOnlySequence<byte>(bytes), CodecCases.LayoutOf(Long), 1, sum)).Message);
            Assert.All(Mean(sum), value => Assert.Equal(2f, value));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Truncated_prolonged_or_changed_bytes_end_in_a_refusal_or_in_finite_values(string name) =>
        Gen.Select(Gen.Int[0, 200], Gen.Byte[1, 255], Gen.Int[0, 2]).Sample((at, change, kind) =>
        {
            var bytes = CodecCases.Encode(CodecCases.All[name], CodecCases.Values);
            var position = at % bytes.Length;
            byte[] hostile = kind switch { 0 => bytes[..position], 1 => [.. bytes, change], _ => [.. bytes] };
            if (kind == 2)
            {
                hostile[position] ^= change;
            }

            try
            {
                return CodecCases.Decode(CodecCases.All[name], hostile, CodecCases.Values.Length).All(float.IsFinite) && kind == 2 && position >= PayloadHeader.Bytes;
            }
            catch (Exception error) when (error is PayloadException or ModelMismatchException)
            {
                return true;
            }
        }, iter: 2000);

    [Fact]
    public void A_payload_of_another_codec_block_or_share_is_refused_before_its_values_are_looked_at()
    {
        foreach (var (name, codec) in CodecCases.All)
        {
            var bytes = CodecCases.Encode(codec, CodecCases.Values);
            Assert.All(CodecCases.All.Where(other => other.Key != name), other => Assert.Throws<PayloadException>(() => CodecCases.Decode(other.Value, bytes, 10)));
        }

        Assert.Throws<PayloadException>(() => CodecCases.Decode(new(new Int8Values(16)), CodecCases.Encode(new(new Int8Values(8)), CodecCases.Values), 10));
        Assert.Throws<PayloadException>(() => CodecCases.Decode(new(new Float32Values(), 0.3), CodecCases.Encode(new(new Float32Values(), 0.4), CodecCases.Values), 10));
    }

    // After the header: number of indices, bytes of indices, the gaps, the values.
    [Theory]
    [InlineData("0400000004000000", "00010203", true)] // 0, 2, 5, 9
    [InlineData("0400000004000000", "00010204", false)] // the last one is 10 of 10
    [InlineData("0400000005000000", "0001028300", false)] // a gap in more bytes than it needs
    [InlineData("0400000004000000", "00010283", false)] // the last gap goes on
    [InlineData("0400000005000000", "0001020300", false)] // a byte too many
    [InlineData("0400000003000000", "000102", false)] // one too few
    [InlineData("05000000040000", "00010203", false)] // cut
    [InlineData("ffffffff04000000", "00010203", false)]
    [InlineData("04000000ffffffff", "00010203", false)]
    [InlineData("0400000008000000", "000102ffffffff7f", false)]
    [InlineData("040000000d000000", "000102ffffffffffffffffff7f", false)] // longer than any gap
    public void Indices_that_are_out_of_range_or_malformed_are_refused(string counts, string gaps, bool isSound)
    {
        var codec = CodecCases.All["top-k"];
        byte[] bytes = [.. CodecCases.Encode(codec, CodecCases.Values)[..PayloadHeader.Bytes], .. Convert.FromHexString(counts), .. Convert.FromHexString(gaps), .. new byte[16]];
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(bytes.Length - 4), 1.5f);

        if (isSound)
        {
            Assert.Equal(1.5f, CodecCases.Decode(codec, bytes, 10)[9]);
        }
        else
        {
            Assert.Throws<PayloadException>(() => CodecCases.Decode(codec, bytes, 10));
        }
    }

    [Theory]
    [InlineData("int8", 52, "0000c07f")] // a scale that is not a number
    [InlineData("int8", 52, "000080bf")] // below zero
    [InlineData("int8", 52, "ffff7f7f")] // whose largest value would be infinite
    [InlineData("int8", 56, "80")] // the code -128
    [InlineData("sign", 52, "0000807f")]
    [InlineData("sign", 61, "04")] // a bit beyond the last value
    public void Blocks_that_no_writer_writes_are_refused(string name, int at, string patch)
    {
        var bytes = CodecCases.Encode(CodecCases.All[name], CodecCases.Values);
        Convert.FromHexString(patch).CopyTo(bytes, at);

        Assert.Throws<PayloadException>(() => CodecCases.Decode(CodecCases.All[name], bytes, 10));
    }

    [Fact]
    public void A_whole_models_layout_is_believed_only_as_far_as_its_bytes_reach()
    {
        var codec = CodecCases.All["int8"];
        var bytes = CodecCases.Encode(codec, CodecCases.Values);
        Assert.Equal(10, codec.LayoutOf(new ReadOnlySequence<byte>(bytes)).Length);
        foreach (var claim in new[] { 11UL, 1UL << 40, ulong.MaxValue })
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(40), claim);
            Assert.Throws<PayloadException>(() => codec.LayoutOf(new ReadOnlySequence<byte>(bytes)));
        }
    }

    [Fact]
    public void A_change_is_added_to_what_is_held()
    {
        var codec = CodecCases.All["delta"];
        float[] held = [.. Enumerable.Repeat(0.5f, 10)];

        codec.DecodeAndAdd(new ReadOnlySequence<byte>(CodecCases.Encode(codec, [1, -1, 0.25f, 2, 4, 0, -0.5f, 8, 1, 1])), CodecCases.LayoutOf(10), held);

        Assert.Equal([1.5f, -0.5f, 0.75f, 2.5f, 4.5f, 0.5f, 0f, 8.5f, 1.5f, 1.5f], held);
    }

    private static bool Near(float[] once, float[] twice) => once.Zip(twice).All(pair => Math.Abs(pair.First - pair.Second) <= Math.Abs(pair.First) * 1e-6f);

    private static float[] Mean(ExactSum sum)
    {
        var mean = new float[Long];
        sum.Mean(mean);
        return mean;
    }
}
