namespace FlameEdge.Topology;

/// <summary>MQTT topic filters.</summary>
public static class TopicFilter
{
    /// <summary>Bytes of a filter; brokers take more, sensible topics need less.</summary>
    public const int MaxLength = 256;

    /// <summary>Why a text is no filter for sensors' topics; null where it is one. The first level is spelled out, so that nobody listens to a whole broker, FlameEdge's own traffic included.</summary>
    public static string? Problem(string filter)
    {
        var levels = filter.Split('/');
        return filter switch
        {
            { Length: 0 or > MaxLength } => $"it must have 1 to {MaxLength} characters",
            _ when filter.Any(char.IsControl) => "it has control characters",
            _ when levels[0].Length == 0 || levels[0][0] is '+' or '#' or '$' => "its first level must be a name of its own, no wildcard",
            _ when levels.Any(level => level.Length > 1 && (level.Contains('+', StringComparison.Ordinal) || level.Contains('#', StringComparison.Ordinal))) => "a wildcard stands for a whole level",
            _ when levels.SkipLast(1).Contains("#") => "# stands at the end only",
            _ => null,
        };
    }

    /// <summary>Whether a topic is one of a filter's.</summary>
    public static bool Matches(string filter, string topic)
    {
        var (wanted, found) = (filter.Split('/'), topic.Split('/'));
        for (var level = 0; level < wanted.Length; level++)
        {
            if (wanted[level] == "#")
            {
                return true;
            }

            if (level >= found.Length || (wanted[level] != "+" && wanted[level] != found[level]))
            {
                return false;
            }
        }

        return wanted.Length == found.Length;
    }
}
