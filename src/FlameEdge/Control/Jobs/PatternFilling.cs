using System.Text.Json;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Puts what agents have on board in the place of a job's patterns, as a controller does.</summary>
public static class PatternFilling
{
    /// <summary>The job with these datasets; null where its patterns stand for none of them, or it cannot work with them.</summary>
    public static JobSpec? Fill(JsonElement text, IReadOnlyList<DatasetOnBoard> onBoard) =>
        JobText.Read(JobText.Fill(text, [.. onBoard.DistinctBy(dataset => dataset.Name)]), new());
}
