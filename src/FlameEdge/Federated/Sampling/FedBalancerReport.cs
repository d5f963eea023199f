using System.Text.Json.Serialization;

namespace FlameEdge.Federated.Sampling;

/// <summary>What a client tells of the losses of its samples after a round.</summary>
/// <param name="Low">The lowest loss (with noise where the client adds some).</param>
/// <param name="High">The 80th percentile.</param>
/// <param name="SelectedSum">Sum of the losses of the samples it trained on.</param>
/// <param name="SelectedCount">How many those were, at least 1.</param>
public sealed record FedBalancerReport(double Low, double High, double SelectedSum, int SelectedCount)
{
    /// <summary>True where all of it is finite and something was selected.</summary>
    [JsonIgnore]
    public bool IsSound => double.IsFinite(Low) && double.IsFinite(High) && double.IsFinite(SelectedSum) && SelectedCount > 0;
}
