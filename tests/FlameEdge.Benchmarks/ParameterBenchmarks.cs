using System.Buffers;
using BenchmarkDotNet.Attributes;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Benchmarks;

/// <summary>What an aggregator does per update of a model of 40 MB, against copying the same bytes once.</summary>
[MemoryDiagnoser]
public class ParameterBenchmarks
{
    private const int Length = 10_000_000;
    private readonly float[] update = new float[Length];
    private readonly float[] target = new float[Length];
    private readonly ArrayBufferWriter<byte> encoded = new(PayloadHeader.Bytes + (4 * Length));
    private readonly UpdateCodec codec = UpdateCodec.Plain;
    private ParameterLayout layout = null!;
    // Its limit of weights is out of reach of a benchmark's repeats.
    private readonly ExactSum sum = new(Length, SumStep.For(1L << 40, 1024));

    /// <summary>Values of both signs, all below 1.</summary>
    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Length; i++)
        {
            update[i] = ((i * 7919) % 20011 / 10007f) - 1f;
        }

        layout = ParameterLayout.Of([("w", [Length], ParameterKind.Trainable)]);
        codec.Encode(layout, update, encoded);
        sum.Add(600, update);
    }

    /// <summary>The limit: 40 MB from here to there.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => update.AsSpan().CopyTo(target);

    /// <summary>Checks the range, then adds weight times values as integers.</summary>
    [Benchmark]
    public SumRefusal Add() => sum.Add(600, update);

    /// <summary>Reads an update off the wire and checks every value.</summary>
    [Benchmark]
    public void Decode() => codec.Decode(new ReadOnlySequence<byte>(encoded.WrittenMemory), layout, target);

    /// <summary>Rounds every sum once.</summary>
    [Benchmark]
    public void Mean() => sum.Mean(target);
}
