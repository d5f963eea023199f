namespace FlameEdge.Federated.Sampling;

/// <summary>Where a <see cref="FedBalancerControl"/> stands: made anew from it, it goes on with the same threshold and deadline.</summary>
/// <param name="LossRatio">ltr, in [0, 1].</param>
/// <param name="DeadlineRatio">ddlr, in [0, 1].</param>
/// <param name="Low">The lowest loss of the last round.</param>
/// <param name="High">Mean of its 80th percentiles.</param>
/// <param name="Benefits">Of the rounds since the window before the last adjustment, fewer than 2 w.</param>
public sealed record FedBalancerState(double LossRatio, double DeadlineRatio, double Low, double High, IReadOnlyList<double> Benefits);
