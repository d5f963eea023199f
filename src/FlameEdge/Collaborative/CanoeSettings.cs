using FlameEdge.Collaborative.Significance;

namespace FlameEdge.Collaborative;

/// <summary>How a site of a Canoe job learns, asks and helps. The defaults are those for common data; <see cref="ForImages"/> and its siblings are the other columns of docs/canoe.md.</summary>
public sealed record CanoeSettings
{
    /// <summary>Step length for the whole life of the node, before any change too: what is learned slowly takes help well.</summary>
    public float LearningRate { get; init; } = 0.02f;

    /// <summary>Step length for <see cref="AloneBatches"/> batches after a new label while no specialist is at work: who gets no help must not stay slow.</summary>
    public float AloneRate { get; init; } = 0.05f;

    /// <summary>How long the node may be in a hurry.</summary>
    public int AloneBatches { get; init; } = 60;

    /// <summary>Step length of the specialists.</summary>
    public float SpecialistRate { get; init; } = 0.02f;

    /// <summary>Rows of each class kept for replay.</summary>
    public int ReplayPerClass { get; init; } = 20;

    /// <summary>Replayed rows in each step.</summary>
    public int ReplayedRows { get; init; } = 16;

    /// <summary>n₀: local examples at which the own logit of a helped class is trusted wholly.</summary>
    public int HandOverExamples { get; init; } = 100;

    /// <summary>Mini-batches that fit an arrived specialist to the rows here.</summary>
    public int HardeningSteps { get; init; } = 40;

    /// <summary>False for an experiment: everything that arrives is used.</summary>
    public bool IsGated { get; init; } = true;

    /// <summary>Edge of the squares over which an image is averaged before a specialist sees it; 1 for none.</summary>
    public int AveragingFactor { get; init; } = 1;

    /// <summary>True to keep beside it the learner that the site would be if nobody ever helped, and to say what both together make of a row: help then costs nothing where it is no good. Twice the steps and twice the parameters of the own network.</summary>
    public bool KeepsTwin { get; init; } = true;

    /// <summary>True to ask also for known classes whose recall has fallen below one half, while a new class is open.</summary>
    public bool AsksForDipped { get; init; }

    /// <summary>True to ask anew for classes that have a specialist and whose recall has fallen below one half: their look has changed. Who sent it answers with what has changed since.</summary>
    public bool AsksToRefresh { get; init; }

    /// <summary>Rise of the error on known classes at which a helper's whole model is asked for; 0 for never.</summary>
    public double BorrowAtRise { get; init; }

    /// <summary>Batches for which a new class is kept out of the own network's loss while help is on its way; 0 for none.</summary>
    public int FreezeBatches { get; init; } = 5;

    /// <summary>Batches after which an unanswered request is given up and the next helper asked.</summary>
    public int RequestTimeoutBatches { get; init; } = 10;

    /// <summary>Specialists kept for classes that may return.</summary>
    public int ColdSpecialists { get; init; } = 64;

    /// <summary>How this site cuts knowledge for others.</summary>
    public ExtractionSettings Extraction { get; init; } = new();

    /// <summary>False for a site that asks nobody: the isolated learner.</summary>
    public bool Collaborates { get; init; } = true;

    /// <summary>Images of 28 × 28 and more: 2 × 2 averaging.</summary>
    public static CanoeSettings ForImages { get; } = new() { AveragingFactor = 2 };

    /// <summary>Features of body-worn or machine sensors, sites alike: aligned deltas where the lineage is one, few examples per helper.</summary>
    public static CanoeSettings ForSensors { get; } = new() { Extraction = new() { AlignedDeltas = 128, Examples = 80 } };

    /// <summary>Few inputs, ordered or overlapping classes: more units, a slower hand-over.</summary>
    public static CanoeSettings ForFewInputs { get; } = new() { AloneRate = 0.02f, HandOverExamples = 300, Extraction = new() { Units = [16, 8] } };

    /// <summary>Everything shifts, not one class: dipped classes are asked for too, and a whole model may be borrowed.</summary>
    public static CanoeSettings ForBroadDrift { get; } = new() { LearningRate = 0.05f, AsksForDipped = true, BorrowAtRise = 0.1 };
}
