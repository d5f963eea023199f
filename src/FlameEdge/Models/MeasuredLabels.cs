namespace FlameEdge.Models;

/// <summary>What stands behind labels that are bands of a measured value: for a model that predicts the value itself.</summary>
/// <param name="Values">[rows], as measured.</param>
/// <param name="Limits">Inclusive upper limits of all bands but the last, ascending: row i has label b where Limits[b − 1] &lt; Values[i] ≤ Limits[b].</param>
public sealed record MeasuredLabels(ReadOnlyMemory<double> Values, IReadOnlyList<double> Limits);
