namespace FlameEdge.Federated.Ring;

/// <summary>What a member brings to a sum.</summary>
/// <param name="Values">Its change.</param>
/// <param name="Samples">How much it counts.</param>
/// <param name="Loss">Mean training loss, nats; null where there is none.</param>
internal sealed record RingChange(float[] Values, long Samples, double? Loss);
