using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Parameters.Codecs;

/// <summary>The codecs against the reference's numbers.</summary>
[Trait("Category", "Golden")]
public class CodecGoldenTests
{
    // A length that leaves a rest behind every vector, so that the scalar paths are read too.
    private const int Repeats = 37;

    [Fact]
    public void Float16_and_bfloat16_round_as_the_standard_says()
    {
        foreach (var item in Cases("small-floats.json", "cases"))
        {
            var value = BitConverter.UInt32BitsToSingle(Convert.ToUInt32(item.GetProperty("float32_bits").GetString(), 16));
            Check(new Float16Values(), value, item.GetProperty("float16_bits").GetString()!, bits => (float)BitConverter.UInt16BitsToHalf(bits));
            Check(new BFloat16Values(), value, item.GetProperty("bfloat16_bits").GetString()!, bits => BitConverter.UInt32BitsToSingle((uint)bits << 16));
        }

        static void Check(ValueFormat format, float value, string expected, Func<ushort, float> decoded)
        {
            var bytes = new byte[2 * Repeats];
            format.Write(Enumerable.Repeat(value, Repeats).ToArray(), bytes);
            var read = format.Read(bytes, new float[Repeats]).ToArray();
            for (var i = 0; i < Repeats; i++)
            {
                var bits = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i));
                Assert.True(expected == "nan" ? float.IsNaN(decoded(bits)) : expected == $"{bits:x4}", $"{format} of {value:R} at {i}: {bits:x4} instead of {expected}");
                Assert.Equal(BitConverter.SingleToInt32Bits(decoded(bits)), BitConverter.SingleToInt32Bits(read[i]));
            }
        }
    }

    [Fact]
    public void Int8_gives_the_codes_scales_and_values_of_the_reference()
    {
        foreach (var item in Cases("int8.json", "cases"))
        {
            var block = item.GetProperty("block").GetInt32();
            var values = Floats(item.GetProperty("values"));
            var (scales, codes) = (Floats(item.GetProperty("scales")), item.GetProperty("codes").EnumerateArray().Select(code => code.GetInt32()).ToArray());
            var uncertain = item.GetProperty("codes_that_may_differ_by_one").EnumerateArray().Select(index => index.GetInt32()).ToHashSet();
            var format = new Int8Values(block);
            var bytes = new byte[format.BytesOf(values.Length)];

            format.Write(values, bytes);

            for (var i = 0; i < values.Length; i++)
            {
                Assert.Equal(scales[i / block], BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i / block * (block + 4))));
                Assert.InRange((sbyte)bytes[(i / block * (block + 4)) + 4 + (i % block)], codes[i] - (uncertain.Contains(i) ? 1 : 0), codes[i] + (uncertain.Contains(i) ? 1 : 0));
            }

            if (uncertain.Count == 0)
            {
                Assert.Equal(Floats(item.GetProperty("dequantised")), format.Read(bytes, new float[values.Length]).ToArray());
            }
        }
    }

    [Fact]
    public void Sign_with_error_feedback_follows_the_reference_step_by_step()
    {
        foreach (var item in Cases("error-feedback.json", "sign"))
        {
            var length = item.GetProperty("length").GetInt32();
            var codec = new UpdateCodec(new SignValues((length + 7) / 8 * 8));
            var error = new float[length];
            var packed = item.GetProperty("bits_packed_lsb_first_hex").EnumerateArray().Select(bits => bits.GetString()).ToArray();
            foreach (var (step, number) in item.GetProperty("steps").EnumerateArray().Select((step, number) => (step, number)))
            {
                var bytes = Step(codec, error, Floats(step.GetProperty("input")));

                Assert.Equal(packed[number], Convert.ToHexStringLower(bytes.AsSpan(PayloadHeader.Bytes + 8)));
                Near(step.GetProperty("sent"), CodecCases.Decode(codec, bytes, length));
                Near(step.GetProperty("residual"), error);
            }
        }

        // The tolerance the file states for float32.
        static void Near(JsonElement expected, float[] actual) => Assert.All(Floats(expected).Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-6f * Math.Max(1, Math.Abs(pair.First))));
    }

    [Fact]
    public void Top_k_with_error_feedback_follows_the_reference_step_by_step()
    {
        foreach (var item in Cases("error-feedback.json", "top_k"))
        {
            var (length, count) = (item.GetProperty("length").GetInt32(), item.GetProperty("k").GetInt32());
            var codec = new UpdateCodec(new Float32Values(), (double)count / length);
            var error = new float[length];
            foreach (var step in item.GetProperty("steps").EnumerateArray())
            {
                var sent = new float[length];
                foreach (var (index, value) in step.GetProperty("indices").EnumerateArray().Zip(Floats(step.GetProperty("values"))))
                {
                    sent[index.GetInt32()] = value;
                }

                Assert.Equal(sent, CodecCases.Decode(codec, Step(codec, error, Floats(step.GetProperty("input"))), length));
                Assert.Equal(Floats(step.GetProperty("residual")), error);
            }
        }
    }

    private static byte[] Step(UpdateCodec codec, float[] error, float[] input)
    {
        for (var i = 0; i < error.Length; i++)
        {
            error[i] += input[i];
        }

        var output = new ArrayBufferWriter<byte>();
        codec.EncodeKeepingError(CodecCases.LayoutOf(error.Length), error, output);
        return output.WrittenSpan.ToArray();
    }

    private static JsonElement[] Cases(string file, string list)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        using var json = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("golden", "algorithms", "codecs", file)));
        var cases = json.RootElement.GetProperty(list).EnumerateArray().Select(item => item.Clone()).ToArray();
        Assert.NotEmpty(cases);
        return cases;
    }

    private static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetSingle())];
}
