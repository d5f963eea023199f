using System.Globalization;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>How a coordinator decides, from its role's settings.</summary>
/// <param name="StragglerFactor">An aggregator whose group takes more than so many times the others' median is left out; above 1.</param>
/// <param name="LongestBackOff">The most rounds one is left out at a time; at least 1.</param>
/// <param name="Every">Rounds (steps of an asynchronous job) an assignment stands at least; at least 1.</param>
internal sealed record CoordinationSettings(double StragglerFactor = 2, int LongestBackOff = 32, int Every = 1)
{
    // An asynchronous step is a small part of what a round is.
    private const int EveryStep = 5;

    /// <summary>The settings of a role.</summary>
    /// <exception cref="TopologyException">A value is out of its range.</exception>
    public static CoordinationSettings Of(RoleSpec role, bool isAsynchronous)
    {
        var usual = new CoordinationSettings();
        return new(Factor() ?? usual.StragglerFactor, Whole("longestBackOff") ?? usual.LongestBackOff, Whole("every") ?? (isAsynchronous ? EveryStep : usual.Every));

        double? Factor() =>
            !role.Settings.TryGetValue("stragglerFactor", out var text) ? null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 1 and <= 1000 ? value
            : throw new TopologyException($"role '{role.Name}': settings.stragglerFactor is '{text}', but must be a number above 1, at most 1000");

        int? Whole(string key) =>
            !role.Settings.TryGetValue(key, out var text) ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= 10_000 ? value
            : throw new TopologyException($"role '{role.Name}': settings.{key} is '{text}', but must be a whole number from 1 to 10000");
    }
}
