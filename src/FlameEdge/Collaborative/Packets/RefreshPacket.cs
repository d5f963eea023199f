namespace FlameEdge.Collaborative.Packets;

/// <summary>What has changed in specialists that a target already has from this helper (§4.8, our design).</summary>
/// <param name="ModelHash">Short hash of the helper's parameters now.</param>
/// <param name="InputContract">Hash of features, their order, shape and normalisation.</param>
/// <param name="CreatedMilliseconds">When it was made; milliseconds since 1970 by the helper's clock.</param>
/// <param name="LifetimeSeconds">Seconds after its making at which it expires.</param>
/// <param name="Classes">The classes, at least one, each once.</param>
public sealed record RefreshPacket(ulong ModelHash, ulong InputContract, long CreatedMilliseconds, int LifetimeSeconds, IReadOnlyList<ClassRefresh> Classes)
{
    /// <summary>When it may no longer be used.</summary>
    public DateTimeOffset Expires => DateTimeOffset.FromUnixTimeMilliseconds(CreatedMilliseconds).AddSeconds(LifetimeSeconds);
}

/// <summary>The change of one class's specialist.</summary>
/// <param name="LabelId">Hash of the label's name.</param>
/// <param name="Base">Hash of the parameters that it changes: what the target holds, else the chain is broken and a whole packet is needed.</param>
/// <param name="Claims">What the helper measured of the specialist after the change.</param>
/// <param name="Change">Added to the parameters, in the order of the specialist's network.</param>
public sealed record ClassRefresh(ulong LabelId, ulong Base, KnowledgeClaims Claims, SparseValues Change);
