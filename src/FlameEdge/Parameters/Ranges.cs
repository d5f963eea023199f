namespace FlameEdge.Parameters;

/// <summary>Cuts work over a long buffer into ranges for several threads. Results do not depend on how many there are: every value is computed on its own.</summary>
internal static class Ranges
{
    /// <summary>Values of a range: long enough to pay for a thread's start, short enough for both ends to finish together.</summary>
    public const int Length = 1 << 18;

    // More threads than this add nothing once memory is the limit, and the rest of the device has work of its own.
    private const int LargestDegree = 4;

    private static readonly ParallelOptions Options = new() { MaxDegreeOfParallelism = Math.Min(LargestDegree, Environment.ProcessorCount) };

    /// <summary>Number of ranges of <paramref name="length"/> values.</summary>
    public static int CountOf(int length, int rangeLength = Length) => (int)(((long)length + rangeLength - 1) / rangeLength);

    /// <summary>Calls <paramref name="work"/> with (range index, start, count) for every range; returns when all are done.</summary>
    public static void Run(int length, Action<int, int, int> work, int rangeLength = Length)
    {
        var count = CountOf(length, rangeLength);
        if (count > 1 && Options.MaxDegreeOfParallelism > 1)
        {
            Parallel.For(0, count, Options, One);
            return;
        }

        for (var range = 0; range < count; range++)
        {
            One(range);
        }

        void One(int range)
        {
            var start = range * rangeLength;
            work(range, start, Math.Min(rangeLength, length - start));
        }
    }
}
