namespace FlameEdge.Parameters;

/// <summary>Cuts work over a long buffer into ranges for several threads. Results do not depend on how many there are: every value is computed on its own.</summary>
internal static class Ranges
{
    /// <summary>Values of a range: long enough to pay for a thread's start, short enough for both ends to finish together.</summary>
    public const int Length = 1 << 18;

    // More threads than this add nothing once memory is the limit, and the rest of the device has work of its own.
    private const int LargestDegree = 4;

    private static readonly int Degree = Math.Min(LargestDegree, Environment.ProcessorCount);

    /// <summary>Number of ranges of <paramref name="length"/> values.</summary>
    public static int CountOf(int length, int rangeLength = Length) => (int)(((long)length + rangeLength - 1) / rangeLength);

    /// <summary>Calls <paramref name="work"/> with (range index, start, count) for every range; returns when all are done.</summary>
    /// <exception cref="AggregateException">Work on another thread failed.</exception>
    public static void Run(int length, Action<int, int, int> work, int rangeLength = Length)
    {
        // Not Parallel.For: a device's program would carry a tenth of a megabyte for it.
        var count = CountOf(length, rangeLength);
        var next = -1;
        var others = new Task[Math.Max(0, Math.Min(Degree, count) - 1)];
        for (var other = 0; other < others.Length; other++)
        {
            others[other] = Task.Run(TakeRanges);
        }

        try
        {
            TakeRanges();
        }
        finally
        {
            // Whoever has not found a thread yet runs here and finds nothing left.
            Task.WaitAll(others);
        }

        void TakeRanges()
        {
            for (var range = Interlocked.Increment(ref next); range < count; range = Interlocked.Increment(ref next))
            {
                var start = range * rangeLength;
                work(range, start, Math.Min(rangeLength, length - start));
            }
        }
    }
}
