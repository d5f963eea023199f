namespace FlameEdge.Topology;

/// <summary>A job's name: one topic level.</summary>
public readonly record struct JobId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a role, a vertex of the topology graph.</summary>
public readonly record struct RoleName(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a channel, an edge of the topology graph.</summary>
public readonly record struct ChannelName(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The label of a group: workers of one channel that share it meet.</summary>
public readonly record struct GroupName(string Value)
{
    /// <summary>The group of a channel that names none.</summary>
    public static readonly GroupName Default = new("default");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a dataset: one data-consuming worker learns from exactly one.</summary>
public readonly record struct DatasetId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of the device (or process) a worker runs on; also its MQTT user.</summary>
public readonly record struct AgentId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>One running instance of a role: <c>{role}_{index}</c>. The underscore cannot stand in a name, so a worker is never mistaken for a role.</summary>
public readonly record struct WorkerId(string Value)
{
    /// <summary>The identity of a role's worker; indices start at 0.</summary>
    public static WorkerId Of(RoleName role, int index) => new($"{role.Value}_{index}");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
