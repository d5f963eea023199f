namespace FlameEdge.Mqtt.Access;

/// <summary>What one MQTT user may do; everything else it may not.</summary>
/// <param name="User">The user: a certificate's common name.</param>
/// <param name="Write">Filters of the topics it may publish on, its last will included.</param>
/// <param name="Read">Filters of the topics it may be sent; it may subscribe to these and to whatever they cover.</param>
public sealed record UserAccess(string User, IReadOnlyList<string> Write, IReadOnlyList<string> Read)
{
    /// <summary>True where it may publish on the topic.</summary>
    public bool MayWrite(string topic) => TopicFilter.IsTopic(topic) && Write.Any(filter => TopicFilter.Covers(filter, topic));

    /// <summary>True where it may subscribe to the filter, or be sent the topic.</summary>
    public bool MayRead(string filter) => Read.Any(allowed => TopicFilter.Covers(allowed, filter));
}
