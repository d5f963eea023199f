namespace FlameEdge.Topology;

/// <summary>How the sites of a Canoe job learn, ask and help; what is null has the value of <see cref="Preset"/>. docs/canoe.md has the table.</summary>
public sealed record CanoeSpec
{
    /// <summary>A column of the settings' table: <c>common</c>, <c>images</c>, <c>sensors</c>, <c>few-inputs</c> or <c>broad-drift</c>.</summary>
    public string Preset { get; init; } = "common";

    /// <summary>What features, their order and normalisation are called; null for the job's name. Only sites that say the same understand each other.</summary>
    public string? Inputs { get; init; }

    /// <summary>Names of the classes in the order of the labels; empty for 0, 1, 2 and so on.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Batches that are learned at once at the start, and for which nobody is asked.</summary>
    public int WarmUp { get; init; } = 50;

    /// <summary>Batches after the warm-up; null for one pass over the dataset. A dataset that is shorter begins again.</summary>
    public int? Batches { get; init; }

    /// <summary>Batches a second; 0 for as fast as they can be learned.</summary>
    public double BatchesPerSecond { get; init; }

    /// <summary>Every so many batches the evaluation rows are scored, for the site's own record; 0 for never.</summary>
    public int ScoreEvery { get; init; }

    /// <summary>Every so many batches the site's state is made durable; it is after every decision too.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>A stored stream (<c>WORKLOAD-sN.json.gz</c>) played in place of datasets: a worker's index is its site's number. An absolute path.</summary>
    public string? Stream { get; init; }

    /// <summary>The folder of the data files that the stream points to. An absolute path.</summary>
    public string? StreamData { get; init; }

    /// <summary>Keeps separate processes in step with the target's batches; null to run freely.</summary>
    public LockstepSpec? Lockstep { get; init; }

    /// <summary>The share of bad packets that a stored stream's right helper sends, as the stream's table has it: <c>20</c>, <c>50</c> or <c>100</c>; null for honest ones.</summary>
    public string? Offers { get; init; }

    /// <summary>The value that sites predict in place of a class, behind labels that are bands of it; null where labels are classes.</summary>
    public ValueSpec? Value { get; init; }

    /// <summary>Sites that are never asked, by worker.</summary>
    public IReadOnlyList<string> Denied { get; init; } = [];

    /// <summary>Hashes of models that are not believed, nor anything cut from them.</summary>
    public IReadOnlyList<ulong> Revoked { get; init; } = [];

    /// <summary>Numbers by the key the job file has for them (<see cref="Reading.JobKeys.Canoe"/>), where they differ from the preset's; 0 and 1 for false and true.</summary>
    public IReadOnlyDictionary<string, double> Numbers { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Units that a helper keeps per hidden layer; null for the preset's.</summary>
    public IReadOnlyList<int>? Units { get; init; }

    /// <summary>What tells a helper which units matter: <c>taylor</c>, <c>fisher</c>, <c>activation</c> or <c>magnitude</c>.</summary>
    public string Significance { get; init; } = "taylor";

    /// <summary>Oldest record of a site that counts; longer than the ten minutes after which a site repeats one that has not changed.</summary>
    public TimeSpan OldestRecord { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>How processes are kept in step: a batch number rides on every message, and whoever needs an answer waits for it.</summary>
/// <param name="Delay">Batches between a request and its packet, at least 1: what came sooner is held.</param>
/// <param name="Wait">The longest wait for an answer that is due.</param>
public sealed record LockstepSpec(int Delay, TimeSpan Wait);

/// <summary>A value that sites predict. It is learned as (value − center) / deviation, which must be of the order of 1.</summary>
/// <param name="Name">What it is, in words that all sites use, unit included.</param>
/// <param name="Center">What is taken off.</param>
/// <param name="Deviation">What the rest is divided by, above 0.</param>
public sealed record ValueSpec(string Name, double Center, double Deviation);
