using System.Text.Json.Serialization;
using FlameEdge.Models;

namespace FlameEdge.Agent.Running;

/// <summary>What <c>personal/WORKER.json</c> says of a client's own model.</summary>
/// <param name="Kind">How it was made.</param>
/// <param name="Own">Its score on the client's held-out rows; null where there are none.</param>
/// <param name="Shared">The last shared model's score on them.</param>
internal sealed record PersonalResult(string Kind, EvaluationResult? Own, EvaluationResult? Shared);

/// <summary>Its JSON, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PersonalResult))]
internal sealed partial class PersonalJson : JsonSerializerContext;
