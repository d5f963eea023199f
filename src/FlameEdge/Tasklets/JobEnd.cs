using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Rounds;

namespace FlameEdge.Tasklets;

/// <summary>How a job ended, as its top aggregator says it.</summary>
/// <param name="Run">This run's name, kept over resumes.</param>
/// <param name="State"><c>completed</c> or <c>failed</c>.</param>
/// <param name="Reason">Why it failed; null where it did not.</param>
/// <param name="Rounds">Every round, those before a resume included.</param>
/// <param name="Model">The last model.</param>
/// <param name="Exporter">Writes the last model for other programs, during the call only; null where the engine cannot.</param>
public sealed record JobEnd(string Run, string State, string? Reason, IReadOnlyList<RoundResult> Rounds, ParameterSet Model, IModelExporter? Exporter);
