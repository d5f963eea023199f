namespace FlameEdge.Tasklets;

/// <summary>A step of a role's story, as JSON.</summary>
/// <param name="Json">UTF-8, one object.</param>
/// <param name="IsForAll">True where it is told on the job's <c>event</c> topic too; else it stays in the worker's own record.</param>
public readonly record struct JobEvent(ReadOnlyMemory<byte> Json, bool IsForAll = true);
