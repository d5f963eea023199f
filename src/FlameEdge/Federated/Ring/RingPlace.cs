namespace FlameEdge.Federated.Ring;

/// <summary>What is known of a member.</summary>
/// <param name="Standing">How far it is.</param>
/// <param name="Incarnation">Which run of it said so.</param>
/// <param name="Samples">Its weight in the coming sum.</param>
/// <param name="IsReady">True where its change is ready.</param>
/// <param name="Refusal">Why it has none that could be summed; null elsewhere.</param>
/// <param name="Loss">Mean training loss, nats.</param>
/// <param name="Number">Which of its words said so.</param>
/// <param name="IsSaid">True where it said so itself; false where a commit should have brought it there.</param>
internal sealed record RingPlace(RingStanding Standing, long Incarnation, long Samples, bool IsReady, string? Refusal, double? Loss, int Number = 0, bool IsSaid = true);
