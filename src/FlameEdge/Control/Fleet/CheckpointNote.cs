namespace FlameEdge.Control.Fleet;

/// <summary>What an agent tells the controller on a job's <c>spec</c> channel after its aggregator has committed a round: there is a checkpoint to fetch.</summary>
/// <param name="Worker">The aggregator.</param>
/// <param name="Hash">SHA-256 of the snapshot (<see cref="Federated.RunSnapshot"/>).</param>
/// <param name="Round">The round it is of.</param>
/// <param name="Run">The run's name.</param>
public sealed record CheckpointNote(string Worker, string Hash, int Round, string Run);
