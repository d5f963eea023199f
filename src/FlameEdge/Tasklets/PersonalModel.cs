using FlameEdge.Models;
using FlameEdge.Parameters;

namespace FlameEdge.Tasklets;

/// <summary>A client's own model at the end of a job.</summary>
/// <param name="Kind">How it was made.</param>
/// <param name="Model">Its parameters.</param>
/// <param name="Shared">The last shared model's score on the client's held-out rows; null where it has none.</param>
/// <param name="Own">Its own score on them.</param>
/// <param name="Exporter">Writes it as a file other programs read, while the observer is being told; null where the engine cannot.</param>
public sealed record PersonalModel(string Kind, ParameterSet Model, EvaluationResult? Shared, EvaluationResult? Own, IModelExporter? Exporter);
