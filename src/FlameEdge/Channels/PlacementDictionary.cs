using System.Collections;
using System.Diagnostics.CodeAnalysis;
using FlameEdge.Topology;

namespace FlameEdge.Channels;

/// <summary>Who may be met and on which device, replaced as a whole while others read it.</summary>
public sealed class PlacementDictionary(IReadOnlyDictionary<WorkerId, AgentId> placement) : IReadOnlyDictionary<WorkerId, AgentId>
{
    private volatile IReadOnlyDictionary<WorkerId, AgentId> current = placement;

    /// <inheritdoc/>
    public int Count => current.Count;

    /// <inheritdoc/>
    public IEnumerable<WorkerId> Keys => current.Keys;

    /// <inheritdoc/>
    public IEnumerable<AgentId> Values => current.Values;

    /// <inheritdoc/>
    public AgentId this[WorkerId key] => current[key];

    /// <summary>Takes the new placement; the workers that are gone from it or have moved.</summary>
    public IReadOnlyList<WorkerId> Replace(IReadOnlyDictionary<WorkerId, AgentId> placement)
    {
        var former = current;
        current = placement;
        return [.. former.Where(entry => !placement.TryGetValue(entry.Key, out var agent) || agent != entry.Value).Select(entry => entry.Key)];
    }

    /// <inheritdoc/>
    public bool ContainsKey(WorkerId key) => current.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(WorkerId key, [MaybeNullWhen(false)] out AgentId value) => current.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<WorkerId, AgentId>> GetEnumerator() => current.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
