using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench;

/// <summary>95 % intervals of a figure over seeds, by drawing as many seeds with replacement, two thousand times.</summary>
/// <seealso href="https://doi.org/10.1214/aos/1176344552">Efron 1979</seealso>
internal static class Bootstrap
{
    private const int Draws = 2000;

    /// <summary>The 2.5 % and 97.5 % points of <paramref name="figure"/>; the same for the same items.</summary>
    public static Interval Of<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, double> figure)
    {
        var random = new PortableRandom((ulong)items.Count, Draws);
        var values = new double[Draws];
        var drawn = new T[items.Count];
        for (var draw = 0; draw < Draws; draw++)
        {
            for (var i = 0; i < drawn.Length; i++)
            {
                drawn[i] = items[random.Below(items.Count)];
            }

            values[draw] = figure(drawn);
        }

        Array.Sort(values);
        return new Interval(values[Draws / 40], values[Draws - 1 - (Draws / 40)]);
    }
}

/// <summary>From where to where.</summary>
public readonly record struct Interval(double Low, double High);
