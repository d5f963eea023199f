using System.Text.Json.Serialization;

namespace FlameEdge.Channels;

/// <summary>Which of several like aggregators a worker brings its updates to; part of its presence, so that all of them know.</summary>
/// <param name="With">Whom, from now on: a worker id.</param>
/// <param name="Given">Its last update; null where there is none.</param>
public sealed record ReplicaChoice(string With, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] GivenUpdate? Given = null)
{
    private const int LongestName = 64;

    /// <summary>True where it can be one; a note comes from outside.</summary>
    [JsonIgnore]
    public bool IsUsable => IsName(With) && (Given is null || (IsName(Given.To) && IsName(Given.Run)));

    private static bool IsName(string? text) => text is { Length: > 0 and <= LongestName };
}

/// <summary>An update that one aggregator has, or may have: nobody else gets one of that round.</summary>
/// <param name="To">The aggregator: a worker id.</param>
/// <param name="Run">The run of the aggregator at the top.</param>
/// <param name="Round">The round.</param>
public sealed record GivenUpdate(string To, string Run, int Round);
