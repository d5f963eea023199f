using FlameEdge.Collaborative.Directory;

namespace FlameEdge.Collaborative.Bench;

/// <summary>What a workload with bad helpers (W7) has its right helper send: packet after packet of a class as a table says, good, spoilt or none.</summary>
/// <param name="faults">The table: null for an honest packet; behind its end there is none.</param>
/// <param name="seed">Of the stream.</param>
/// <param name="other">A class that the helper knows and nobody asks for: sent under a false name.</param>
internal sealed class StoredOffers(IReadOnlyList<string?> faults, int seed, ulong other)
{
    /// <summary>The site that sends them, by its number in the stream.</summary>
    public const int Helper = 1;

    private readonly Dictionary<ulong, int> taken = [];

    /// <summary>The next packet for a request of one class, by what the helper answers itself; null where it has none.</summary>
    public byte[]? Next(KnowledgeRequest request, Func<KnowledgeRequest, byte[]?> answer)
    {
        var label = request.Classes[0].LabelId;
        var place = taken.GetValueOrDefault(label);
        taken[label] = place + 1;
        return place < faults.Count && answer(request) is { } packet
            ? Faults.Apply(faults[place], packet, () => answer(request with { Classes = [new ClassDemand(other, 1)] }), (ulong)((seed * 1000) + place))
            : null;
    }
}
