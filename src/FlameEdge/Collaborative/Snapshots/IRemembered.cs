namespace FlameEdge.Collaborative.Snapshots;

/// <summary>A part of a site that comes back from a snapshot as it was.</summary>
internal interface IRemembered
{
    /// <summary>Writes all that a restart must not lose.</summary>
    void Write(SnapshotWriter writer);

    /// <summary>Reads it back, in place of what is here.</summary>
    void Read(SnapshotReader reader);
}
