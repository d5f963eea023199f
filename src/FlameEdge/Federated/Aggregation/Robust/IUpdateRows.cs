namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>The updates of a round as rows of a matrix that need not be in memory: robust rules read it tile by tile.</summary>
public interface IUpdateRows
{
    /// <summary>Number of updates.</summary>
    int Count { get; }

    /// <summary>Values of each.</summary>
    int Length { get; }

    /// <summary>Copies the values of one update that begin at <paramref name="offset"/>.</summary>
    void Read(int row, int offset, Span<float> values);
}
