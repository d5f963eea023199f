namespace FlameEdge.Mqtt.Access;

/// <summary>How MQTT filters and topics relate.</summary>
public static class TopicFilter
{
    private const string One = "+";
    private const string Rest = "#";

    /// <summary>True where everything that <paramref name="wanted"/> names, a topic or a filter, is named by <paramref name="allowed"/> too.</summary>
    /// <remarks>As in MQTT, a wildcard at the start never names the broker's own topics, which begin with a dollar sign.</remarks>
    public static bool Covers(string allowed, string wanted)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.StartsWith('$') && !allowed.StartsWith('$'))
        {
            return false;
        }

        var (given, asked) = (allowed.Split('/'), wanted.Split('/'));
        for (var level = 0; level < given.Length; level++)
        {
            if (given[level] == Rest)
            {
                return true;
            }

            if (level == asked.Length || asked[level] == Rest || (given[level] != One && given[level] != asked[level]))
            {
                return false;
            }
        }

        return given.Length == asked.Length;
    }

    /// <summary>True for the name of one topic: no wildcards.</summary>
    public static bool IsTopic(string text) => text.Length > 0 && text.AsSpan().IndexOfAny("+#\0") < 0;
}
