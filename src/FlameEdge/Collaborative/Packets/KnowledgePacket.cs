namespace FlameEdge.Collaborative.Packets;

/// <summary>What a helper sends: specialists for one or several classes, and whence they come.</summary>
public sealed record KnowledgePacket
{
    /// <summary>How long knowledge lasts unless said otherwise, seconds.</summary>
    public const int Day = 24 * 3600;

    /// <summary>Short hash of the helper's parameters at the time of the cut.</summary>
    public required ulong ModelHash { get; init; }

    /// <summary>Short hash of the parameters that the helper's network started from.</summary>
    public required uint Lineage { get; init; }

    /// <summary>Where the specialists begin: 0 at the raw sample, else the short hash of the frozen backbone they stand on.</summary>
    public ushort Cut { get; init; }

    /// <summary>Hash of features, their order, shape and normalisation; must equal the target's.</summary>
    public required ulong InputContract { get; init; }

    /// <summary>Values of a sample that the specialists take, after averaging.</summary>
    public required int Inputs { get; init; }

    /// <summary>Edge of the squares over which an image is averaged first; 1 for none.</summary>
    public int AveragingFactor { get; init; } = 1;

    /// <summary>When it was cut; milliseconds since 1970 by the helper's clock.</summary>
    public required long CreatedMilliseconds { get; init; }

    /// <summary>Seconds after its making at which it expires.</summary>
    public int LifetimeSeconds { get; init; } = Day;

    /// <summary>The classes, at least one, each once.</summary>
    public required IReadOnlyList<ClassKnowledge> Classes { get; init; }

    /// <summary>When it may no longer be installed.</summary>
    public DateTimeOffset Expires => DateTimeOffset.FromUnixTimeMilliseconds(CreatedMilliseconds).AddSeconds(LifetimeSeconds);
}
