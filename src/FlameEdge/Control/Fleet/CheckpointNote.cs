namespace FlameEdge.Control.Fleet;

/// <summary>A note of an agent to its controller on a job's <c>spec</c> channel: a top aggregator has committed a round, and its snapshot can be fetched by its hash.</summary>
/// <param name="Worker">The aggregator.</param>
/// <param name="Hash">SHA-256 of the snapshot (<see cref="Federated.RunSnapshot"/>), lower-case hex.</param>
/// <param name="Round">The last round it holds; 0 for the initial model.</param>
/// <param name="Run">The run's name, kept over resumes.</param>
public sealed record CheckpointNote(string Worker, string Hash, int Round, string Run);
