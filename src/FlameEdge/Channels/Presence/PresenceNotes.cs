using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlameEdge.Channels.Presence;

/// <summary>What stands retained for an agent: which of its connections was last seen, and whether it is up. The broker posts the same with
/// <c>lost</c> as the agent's last will.</summary>
/// <param name="Session">A random name for one run of the agent's process.</param>
/// <param name="Connection">Counts that run's connections from 1, so that a late will of an older one is told apart.</param>
/// <param name="State"><c>online</c> or <c>lost</c>.</param>
public sealed record AliveNote(string Session, int Connection, string State)
{
    /// <summary>The state of an agent that is up.</summary>
    public const string Online = "online";

    /// <summary>The state of an agent whose connection broke, or that closed.</summary>
    public const string Lost = "lost";

    /// <summary>True where this note still says something once <paramref name="known"/> has been read; notes may come late and repeat.</summary>
    public bool IsNewsAfter(AliveNote known)
    {
        if (Session != known.Session)
        {
            // The will of a run that has been replaced comes late and says nothing about the present one.
            return State == Online;
        }

        // What a connection was lost with is its last word.
        return Connection > known.Connection || (Connection == known.Connection && (this == known || State != Online));
    }
}

/// <summary>What stands retained for a worker on a channel. It counts only while its agent's <see cref="AliveNote"/> shows the same session online.</summary>
/// <param name="Session">The run of the agent's process it was written by.</param>
/// <param name="Incarnation">The run of the worker.</param>
/// <param name="Samples">Rows it learns from.</param>
public sealed record HereNote(string Session, long Incarnation, long Samples)
{
    /// <summary>Where its agent takes connections of peers; null where it takes none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PeerAddress? Peer { get; init; }

    /// <summary>Which of several like aggregators it works with; null where there is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReplicaChoice? Replica { get; init; }
}

/// <summary>Notes as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AliveNote))]
[JsonSerializable(typeof(HereNote))]
[JsonSerializable(typeof(GivenUpdate))]
public sealed partial class PresenceJson : JsonSerializerContext
{
    // A note is a few dozen bytes; what is longer is not one.
    private const int MaximumBytes = 1024;

    /// <summary>The note in <paramref name="json"/>; null where it is none.</summary>
    public static AliveNote? ReadAlive(ReadOnlySpan<byte> json) => Read(json, Default.AliveNote) is { Session: not null, State: not null } note ? note : null;

    /// <summary>The note in <paramref name="json"/>; null where it is none.</summary>
    public static HereNote? ReadHere(ReadOnlySpan<byte> json) => Read(json, Default.HereNote) is { Session: not null, Incarnation: > 0 } note
        ? note with { Peer = note.Peer is { IsUsable: true } peer ? peer : null, Replica = note.Replica is { IsUsable: true } replica ? replica : null }
        : null;

    /// <summary>Whom an update was given to, as it was written down; null where it is none.</summary>
    public static GivenUpdate? ReadGiven(ReadOnlySpan<byte> json) => Read(json, Default.GivenUpdate) is { To: not null, Run: not null } given ? given : null;

    /// <summary>Whom an update was given to, to be written down.</summary>
    public static byte[] Write(GivenUpdate given) => JsonSerializer.SerializeToUtf8Bytes(given, Default.GivenUpdate);

    private static T? Read<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return json.Length is > 0 and <= MaximumBytes ? JsonSerializer.Deserialize(json, type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
