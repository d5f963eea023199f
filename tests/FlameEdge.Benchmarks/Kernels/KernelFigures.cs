using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Benchmarks.Kernels;

/// <summary>
/// The product's kernels on a model of ten million values, beside what the machine's memory gives: everything is measured in turns, so that whatever else the machine
/// does falls on all alike, and each figure is a median.
/// </summary>
internal sealed class KernelFigures : IDisposable
{
    private const int Length = 10_000_000;
    private readonly ParameterLayout layout = ParameterLayout.Of([("w", [Length], ParameterKind.Trainable)]);
    private readonly float[] update = new float[Length];
    private readonly float[] target = new float[Length];
    private readonly float[] other = new float[Length];

    // Its limit of weights is out of reach of the repeats.
    private readonly ExactSum sum = new(Length, SumStep.For(1L << 40, 1024));
    private readonly StreamTriad triad = new(Length);
    private readonly ArrayBufferWriter<byte> output = new(Length * 5);
    private readonly List<(string Name, double Bytes, Action Run)> kernels = [];

    private KernelFigures()
    {
        var random = new Random(3);
        for (var i = 0; i < Length; i++)
        {
            // Sums of uniform numbers: most are small, a few large, as updates are.
            update[i] = (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5);
        }

        Add("triad, all cores", 12, () => triad.Run(Environment.ProcessorCount, isNonTemporal: false));
        Add("triad, all cores, non-temporal", 12, () => triad.Run(Environment.ProcessorCount, isNonTemporal: true));
        Add("triad, one core", 12, () => triad.Run(1, isNonTemporal: false));
        Add("triad, one core, non-temporal", 12, () => triad.Run(1, isNonTemporal: true));
        Add("copy", 8, () => update.AsSpan().CopyTo(other));
        Add("float32 accumulate", 12, () => ParameterMath.AddScaled(update, 0.5f, target));
        Add("delta", 12, () => ParameterMath.Delta(update, target, other));
        Add("top-k 1 %, find", 4, () => LargestValues.Find(update, Length / 100));
        Codec("float32", new(new Float32Values()), 4);
        Codec("float16", new(new Float16Values()), 2);
        Codec("bfloat16", new(new BFloat16Values()), 2);
        Codec("int8", new(new Int8Values()), 1);
        Codec("sign", new(new SignValues()), 0.125);
        Codec("top-k 1 % + int8", new(new Int8Values(), 0.01), 0.02);
        Add("exact sum: mean onto the model", 16, () => sum.AddMean(target, target));
    }

    /// <summary>Writes a table of medians of <paramref name="repeats"/> turns, and whether the four bounds hold.</summary>
    public static bool Run(TextWriter writer, int repeats)
    {
        using var figures = new KernelFigures();
        return figures.Write(writer, figures.Measure(repeats));
    }

    public void Dispose() => triad.Dispose();

    private void Add(string name, double bytesPerValue, Action run) => kernels.Add((name, bytesPerValue * Length, run));

    private void Codec(string name, UpdateCodec codec, double bytes)
    {
        var encoded = new ArrayBufferWriter<byte>();
        codec.Encode(layout, update, encoded);
        var payload = new ReadOnlySequence<byte>(encoded.WrittenMemory);
        Add($"{name}: encode", 4 + bytes, () =>
        {
            output.ResetWrittenCount();
            codec.Encode(layout, update, output);
        });
        Add($"{name}: decode", 4 + bytes, () => codec.Decode(payload, layout, other));
        Add($"{name}: decode and accumulate", 8 + bytes, () => codec.DecodeAndAdd(payload, layout, target));
        Add($"{name}: fold into the exact sum", 16 + bytes, () =>
        {
            if (codec.Fold(payload, layout, 600, sum) != SumRefusal.None)
            {
                throw new InvalidOperationException("the sum refused a sound update");
            }
        });
    }

    private Dictionary<string, (double Median, double Least)> Measure(int repeats)
    {
        var seconds = kernels.ToDictionary(kernel => kernel.Name, _ => new List<double>());
        for (var turn = -2; turn < repeats; turn++)
        {
            foreach (var (name, _, run) in kernels)
            {
                var start = Stopwatch.GetTimestamp();
                run();
                if (turn >= 0)
                {
                    seconds[name].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }
        }

        return seconds.ToDictionary(entry => entry.Key, entry => (entry.Value.Order().ElementAt(entry.Value.Count / 2), entry.Value.Min()));
    }

    private bool Write(TextWriter writer, Dictionary<string, (double Median, double Least)> times)
    {
        var medians = times.ToDictionary(entry => entry.Key, entry => entry.Value.Median);
        var triads = medians.Where(entry => entry.Key.StartsWith("triad", StringComparison.Ordinal)).ToList();
        var best = triads.Min(entry => entry.Value);
        var least = triads.Min(entry => times[entry.Key].Least);
        writer.WriteLine("| kernel, 10 M values | median, ms | GB/s | × best triad | least, ms | × best triad |");
        writer.WriteLine("|---|---|---|---|---|---|");
        foreach (var (name, bytes, _) in kernels)
        {
            var median = medians[name];
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {median * 1e3:0.00} | {bytes / median / 1e9:0.0} | {median / best:0.00} | {times[name].Least * 1e3:0.00} | {times[name].Least / least:0.00} |"));
        }

        writer.WriteLine();
        var isKept = Bound("float32 accumulate: bandwidth against the best triad's", best / medians["float32 accumulate"], 1, isAtLeast: true);
        isKept &= Bound("float32 folded into the exact sum: time against the best triad's", medians["float32: fold into the exact sum"] / best, 1.5, isAtLeast: false);
        isKept &= Bound("int8 dequantize and accumulate: time against float32 accumulate", medians["int8: decode and accumulate"] / medians["float32 accumulate"], 1, isAtLeast: false);
        isKept &= Bound("top-k 1 %: time against a copy of the tensor", medians["top-k 1 %, find"] / medians["copy"], 3, isAtLeast: false);
        return isKept;

        bool Bound(string what, double value, double limit, bool isAtLeast)
        {
            var holds = isAtLeast ? value >= limit : value <= limit;
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"- {what}: {value:0.00} (wanted: {(isAtLeast ? "at least" : "at most")} {limit:0.0}){(holds ? "" : " **missed**")}"));
            return holds;
        }
    }
}
