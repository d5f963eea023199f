using System.Globalization;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>How an asynchronous aggregator buffers, from its role's settings.</summary>
/// <param name="Goal">K, the updates that make a step; at least 1.</param>
/// <param name="MaxStaleness">The most steps an update may be behind; null for no bound.</param>
/// <param name="Concurrency">The most workers that have a model to work on at a time; null for all present.</param>
internal sealed record BufferSettings(int Goal, int? MaxStaleness, int? Concurrency)
{
    private const string GoalKey = "buffer";
    private const string StalenessKey = "maxStaleness";
    private const string ConcurrencyKey = "concurrency";

    /// <summary>The settings of a role; without <c>buffer</c> half of the cohort, rounded up, makes a step.</summary>
    /// <exception cref="TopologyException">A value is not a whole number in its range.</exception>
    public static BufferSettings Of(RoleSpec role, int cohort)
    {
        return new(Whole(GoalKey, 1) ?? Math.Max(1, (cohort + 1) / 2), Whole(StalenessKey, 0), Whole(ConcurrencyKey, 1));

        int? Whole(string key, int atLeast) =>
            !role.Settings.TryGetValue(key, out var text) ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= atLeast ? value
            : throw new TopologyException($"role '{role.Name}': settings.{key} is '{text}', but must be a whole number of at least {atLeast}");
    }
}
