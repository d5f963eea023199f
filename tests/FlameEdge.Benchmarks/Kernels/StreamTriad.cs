using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlameEdge.Benchmarks.Kernels;

/// <summary>
/// STREAM's triad, a = b + q · c, over float32 vectors: what the machine's memory gives a loop that does next to nothing. 12 bytes a value by STREAM's rule, which
/// does not count that an ordinary store reads its line first; with non-temporal stores it does not.
/// </summary>
/// <seealso href="https://www.cs.virginia.edu/stream/ref.html">McCalpin, STREAM</seealso>
internal sealed unsafe class StreamTriad : IDisposable
{
    public const int BytesPerValue = 12;
    private const int Alignment = 64;
    private readonly int length;
    private readonly float* a;
    private readonly float* b;
    private readonly float* c;

    /// <summary>Three vectors of a multiple of 32 values.</summary>
    public StreamTriad(int length)
    {
        this.length = length / 32 * 32;
        a = Allocate();
        b = Allocate();
        c = Allocate();
        new Span<float>(a, length).Fill(1);
        new Span<float>(b, length).Fill(2);
        new Span<float>(c, length).Fill(3);

        float* Allocate() => (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), Alignment);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(a);
        NativeMemory.AlignedFree(b);
        NativeMemory.AlignedFree(c);
    }

    /// <summary>One pass on <paramref name="threads"/> threads.</summary>
    public void Run(int threads, bool isNonTemporal)
    {
        if (threads == 1)
        {
            Part(0, length, isNonTemporal);
            return;
        }

        var share = length / threads / 32 * 32;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, thread =>
            Part(thread * share, thread == threads - 1 ? length : (thread + 1) * share, isNonTemporal));
    }

    private void Part(int from, int to, bool isNonTemporal)
    {
        var factor = Vector256.Create(0.5f);
        if (isNonTemporal)
        {
            for (var i = from; i < to; i += 32)
            {
                (Vector256.LoadAligned(b + i) + (factor * Vector256.LoadAligned(c + i))).StoreAlignedNonTemporal(a + i);
                (Vector256.LoadAligned(b + i + 8) + (factor * Vector256.LoadAligned(c + i + 8))).StoreAlignedNonTemporal(a + i + 8);
                (Vector256.LoadAligned(b + i + 16) + (factor * Vector256.LoadAligned(c + i + 16))).StoreAlignedNonTemporal(a + i + 16);
                (Vector256.LoadAligned(b + i + 24) + (factor * Vector256.LoadAligned(c + i + 24))).StoreAlignedNonTemporal(a + i + 24);
            }

            return;
        }

        for (var i = from; i < to; i += 32)
        {
            (Vector256.LoadAligned(b + i) + (factor * Vector256.LoadAligned(c + i))).StoreAligned(a + i);
            (Vector256.LoadAligned(b + i + 8) + (factor * Vector256.LoadAligned(c + i + 8))).StoreAligned(a + i + 8);
            (Vector256.LoadAligned(b + i + 16) + (factor * Vector256.LoadAligned(c + i + 16))).StoreAligned(a + i + 16);
            (Vector256.LoadAligned(b + i + 24) + (factor * Vector256.LoadAligned(c + i + 24))).StoreAligned(a + i + 24);
        }
    }
}
