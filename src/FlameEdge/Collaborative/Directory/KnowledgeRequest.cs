namespace FlameEdge.Collaborative.Directory;

/// <summary>What a target asks the directory, and then the helper it names.</summary>
public sealed record KnowledgeRequest
{
    /// <summary>The number its target gives it; 0 where nobody needs one.</summary>
    public uint Number { get; init; }

    /// <summary>Who asks.</summary>
    public required string Target { get; init; }

    /// <summary>Classes asked for; empty when a whole model is wanted.</summary>
    public required IReadOnlyList<ClassDemand> Classes { get; init; }

    /// <summary>True where the whole model is wanted, because everything has shifted.</summary>
    public bool WantsModel { get; init; }

    /// <summary>Labelled rows by label id that the target has, for the divergence to helpers.</summary>
    public required IReadOnlyDictionary<ulong, double> Counts { get; init; }

    /// <summary>Hash of features, their order, shape and normalisation.</summary>
    public required ulong InputContract { get; init; }

    /// <summary>Lineage of the target's network: deltas only where the helper's is the same.</summary>
    public required uint Lineage { get; init; }

    /// <summary>Edge of the squares over which specialists shall average images.</summary>
    public int AveragingFactor { get; init; } = 1;

    /// <summary>Most bytes of one class's weights.</summary>
    public int BudgetBytes { get; init; } = 64 << 10;

    /// <summary>Sites that have been asked already, or are not wanted.</summary>
    public IReadOnlyList<string> Excluded { get; init; } = [];
}

/// <summary>A class asked for.</summary>
/// <param name="LabelId">Hash of the label's name.</param>
/// <param name="Weight">How much it is wanted, above 0: its rows of late.</param>
public sealed record ClassDemand(ulong LabelId, double Weight)
{
    /// <summary>Hash of the specialist that the target has of it as it was sent (<see cref="Packets.SentKnowledge.HashOf"/>): who sent it may answer with a refresh. 0 for none.</summary>
    public ulong Held { get; init; }
}
