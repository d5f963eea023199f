namespace FlameEdge.Federated.Sampling;

/// <summary>What a round asks of its clients: which rows are worth training on, and by when they should have done so.</summary>
/// <param name="LossThreshold">Rows of this loss or more, nats; 0 in the first round.</param>
/// <param name="Deadline">From the sending of the model; null while nobody's speed is known.</param>
internal sealed record Pace(double LossThreshold, TimeSpan? Deadline);
