namespace FlameEdge.Hosting.Telemetry;

/// <summary>How a dataset that is collected stands.</summary>
/// <param name="Name">The dataset.</param>
/// <param name="Rows">Rows on board.</param>
/// <param name="RowsByClass">The same by class.</param>
/// <param name="Windows">Windows since the start, whether labelled and kept or not.</param>
/// <param name="Messages">Messages since the start.</param>
/// <param name="Dropped">Messages since the start that were not worked on, by reason: <c>malformed</c>, <c>too many</c>, <c>too many devices</c>, <c>unknown label</c>.</param>
/// <param name="Gaps">Windows given up because messages were missing.</param>
public sealed record TelemetryStatus(
    string Name, int Rows, IReadOnlyDictionary<string, int> RowsByClass, long Windows, long Messages, IReadOnlyDictionary<string, long> Dropped, long Gaps);
