namespace FlameEdge.Collaborative.Bench;

/// <summary>One thing that happened in a run.</summary>
/// <param name="Batch">After the change, from 1.</param>
/// <param name="Kind"><c>drift</c>, <c>request</c>, <c>packet</c>, <c>verdict</c>.</param>
/// <param name="Site">To whom.</param>
/// <param name="Text">What.</param>
public sealed record StoryLine(int Batch, string Kind, string Site, string Text);
