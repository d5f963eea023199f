namespace FlameEdge.Collaborative.Boosting;

/// <summary>What a target says of a class's knowledge from a helper; feeds trust.</summary>
/// <param name="Target">Who judges.</param>
/// <param name="Helper">Who sent it.</param>
/// <param name="LabelId">Hash of the label's name.</param>
/// <param name="Content">Hash of the packet.</param>
/// <param name="Refusal">Null where it is in use, else why not or no longer.</param>
/// <param name="Gain">Log-likelihood it has gained of late, nats.</param>
public sealed record Verdict(string Target, string Helper, ulong LabelId, ulong Content, Refusal? Refusal, double Gain)
{
    /// <summary>True where it is in use.</summary>
    public bool IsAccepted => Refusal is null;
}
