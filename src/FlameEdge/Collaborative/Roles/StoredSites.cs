using System.Globalization;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Which site of a stored stream a worker plays: the number behind its name.</summary>
internal static class StoredSites
{
    /// <summary>The number of <c>site_3</c> is 3.</summary>
    public static int NumberOf(WorkerId worker) => int.Parse(worker.Value.AsSpan(worker.Value.LastIndexOf('_') + 1), CultureInfo.InvariantCulture);
}
