namespace FlameEdge.Benchmarks.Uneven;

/// <summary>A worker as <c>topology expand</c> lists it.</summary>
internal sealed record UnevenWorker(string Id, string Role, string? Dataset);
