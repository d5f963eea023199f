namespace FlameEdge.Channels;

/// <summary>Whether the broker is there, for who must stop when it is not.</summary>
public interface IContact
{
    /// <summary>True while connected, as far as this side knows.</summary>
    bool IsConnected { get; }

    /// <summary>Time since the last word of the broker: a message, or the acknowledgement of one of ours. Who needs to know soon must speak often.</summary>
    TimeSpan Silence { get; }
}
