using System.Buffers;
using BenchmarkDotNet.Attributes;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Benchmarks.Kernels;

/// <summary>What both ends do per update of a model of 40 MB in each codec, against copying the same values once.</summary>
[MemoryDiagnoser]
public class KernelBenchmarks
{
    private const int Length = 10_000_000;
    private readonly float[] update = new float[Length];
    private readonly float[] target = new float[Length];
    private readonly ArrayBufferWriter<byte> output = new(Length * 5);
    private readonly ParameterLayout layout = ParameterLayout.Of([("w", [Length], ParameterKind.Trainable)]);

    // Its limit of weights is out of reach of a benchmark's repeats.
    private readonly ExactSum sum = new(Length, SumStep.For(1L << 40, 1024));
    private UpdateCodec codec = UpdateCodec.Plain;
    private byte[] payload = [];

    /// <summary>The codec that is measured.</summary>
    [Params("float32", "float16", "bfloat16", "int8", "sign", "top-k 1% + int8")]
    public string Codec { get; set; } = "float32";

    /// <summary>Values of both signs, all below 1.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Length; i++)
        {
            update[i] = ((i * 7919L) % 20011 / 10007f) - 1f;
        }

        codec = Codec switch
        {
            "float16" => new(new Float16Values()),
            "bfloat16" => new(new BFloat16Values()),
            "int8" => new(new Int8Values()),
            "sign" => new(new SignValues()),
            "top-k 1% + int8" => new(new Int8Values(), 0.01),
            _ => UpdateCodec.Plain,
        };
        Encode();
        payload = output.WrittenSpan.ToArray();
        sum.Add(600, update);
    }

    /// <summary>The limit: 40 MB from here to there.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => update.AsSpan().CopyTo(target);

    /// <summary>Writes an update.</summary>
    [Benchmark]
    public void Encode()
    {
        output.ResetWrittenCount();
        codec.Encode(layout, update, output);
    }

    /// <summary>Reads one and checks every value.</summary>
    [Benchmark]
    public void Decode() => codec.Decode(new ReadOnlySequence<byte>(payload), layout, target);

    /// <summary>Reads one, checks its range and adds weight times values as integers.</summary>
    [Benchmark]
    public SumRefusal Fold() => codec.Fold(new ReadOnlySequence<byte>(payload), layout, 600, sum);

    /// <summary>Rounds every sum once.</summary>
    [Benchmark]
    public void Mean() => sum.Mean(target);
}
