using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Regression;

/// <summary>The load of a machine from two sensors: below 1 it grows with the first, above it jumps with the second.</summary>
internal static class MachineLoad
{
    /// <summary>Two sensors and the load they mean.</summary>
    public static (float[] Features, float Load) Row(bool isHigh, PortableRandom random)
    {
        var (first, second) = ((float)random.NextDouble(), (float)((isHigh ? 1 : -1) + (0.3 * random.Normal())));
        return ([first, second], isHigh ? 3 + first : 0.8f * first);
    }

    /// <summary>Batches of 16 in bands of the load (low, high): every second row is high from <paramref name="highFrom"/> on.</summary>
    public static Dataset Stream(string name, int batches, int highFrom)
    {
        var random = new PortableRandom((ulong)name.Length, name[^1]);
        var rows = Enumerable.Range(0, 16 * batches).Select(row => Row(row / 16 >= highFrom && row % 2 == 1, random)).ToArray();
        return new Dataset(name, [2], 2, rows.SelectMany(row => row.Features).ToArray(), rows.Select(row => row.Load > 1 ? 1 : 0).ToArray())
        {
            Measured = new MeasuredLabels(rows.Select(row => (double)row.Load).ToArray(), [1]),
        };
    }
}
