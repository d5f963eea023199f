using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Neighbouring tensors of one kind, as one range: arithmetic goes over runs, not tensors.</summary>
internal readonly record struct LayoutRun(int Offset, int Length, ParameterKind Kind)
{
    /// <summary>The runs of a layout, in order, without gaps.</summary>
    /// <exception cref="ArgumentException">The layout does not tell its tensors, so nobody can know which are buffers.</exception>
    public static IReadOnlyList<LayoutRun> Of(ParameterLayout layout)
    {
        if (layout is { Length: > 0, Entries.Count: 0 })
        {
            throw new ArgumentException("the layout names no tensors; this algorithm must know which values are trained and which are buffers", nameof(layout));
        }

        var runs = new List<LayoutRun>();
        foreach (var entry in layout.Entries)
        {
            if (runs is [.., var last] && last.Kind == entry.Kind)
            {
                runs[^1] = last with { Length = last.Length + entry.Length };
            }
            else
            {
                runs.Add(new LayoutRun(entry.Offset, entry.Length, entry.Kind));
            }
        }

        return runs;
    }
}
