namespace FlameEdge.Topology;

/// <summary>One dataset: where its rows are, which of them belong to it, and what they mean. A partition has been cut into one of these per part.</summary>
public sealed record DatasetSpec
{
    // A job of a million datasets shares its empty parts.
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);
    private static readonly StandardizeSpec NotStandardized = new();

    /// <summary>The dataset's name.</summary>
    public required DatasetId Id { get; init; }

    /// <summary>The device that holds it, and so runs its worker; null where the job does not say.</summary>
    public AgentId? Agent { get; init; }

    /// <summary>Labels such as <c>region: north</c>, from which groups can be derived.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = NoLabels;

    /// <summary>Where the rows come from; null for a dataset that is only named (Flame's metadata).</summary>
    public SourceSpec? Source { get; init; }

    /// <summary>The names of datasets on board of agents that this entry stands for, <c>*</c> for any part; null for a dataset that is itself. A controller puts them in its place.</summary>
    public string? OnBoard { get; init; }

    /// <summary>Which part of the source's rows is this dataset; null for all of them.</summary>
    public PartSpec? Part { get; init; }

    /// <summary>How features are standardized.</summary>
    public StandardizeSpec Standardize { get; init; } = NotStandardized;
}

/// <summary>A table of rows in files, or a generator of one.</summary>
public sealed record SourceSpec
{
    /// <summary><c>csv</c>, <c>idx</c> or <c>vibration</c>.</summary>
    public required string Format { get; init; }

    /// <summary>The files (csv, read one after the other), or the one of the images (idx); <c>.gz</c> is unpacked.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>The path of an idx file's labels.</summary>
    public string? LabelsPath { get; init; }

    /// <summary>Feature columns of a csv, in order; empty for every numeric column that is not the label.</summary>
    public IReadOnlyList<FeatureSpec> Features { get; init; } = [];

    /// <summary>The label column of a csv.</summary>
    public string? Label { get; init; }

    /// <summary>Upper limits (inclusive) that turn a numeric label into classes 0…n; empty for a label that is a class already.</summary>
    public IReadOnlyList<double> Bands { get; init; } = [];

    /// <summary>Number of classes; null to find it in the data (numbers) or in the sorted set of names.</summary>
    public int? Classes { get; init; }

    /// <summary>Columns whose empty fields drop the row; the single name <c>*</c> for any column. Other missing features become the mean.</summary>
    public IReadOnlyList<string> Require { get; init; } = [];

    /// <summary>Every feature is multiplied by it.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Which rows count at all.</summary>
    public RowsSpec Rows { get; init; } = new();

    /// <summary>Settings of a generator: site index, machines, samples, drift and so on, as numbers by name.</summary>
    public IReadOnlyDictionary<string, double> Generator { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);
}

/// <summary>One or two features made of a csv column.</summary>
public sealed record FeatureSpec
{
    /// <summary>The column's name.</summary>
    public required string Column { get; init; }

    /// <summary><c>value</c>; <c>cycle</c>: sine and cosine of 2π(value − offset)/period; <c>compass</c>: the same of a 16-point wind direction.</summary>
    public string Kind { get; init; } = "value";

    /// <summary>Period of a cycle.</summary>
    public double Period { get; init; } = 1;

    /// <summary>Value at which a cycle starts.</summary>
    public double Offset { get; init; }
}

/// <summary>A selection of a source's rows; conditions hold together; indices count from 0 among the rows that pass the column conditions.</summary>
public sealed record RowsSpec
{
    /// <summary>Columns that must hold exactly these texts.</summary>
    public IReadOnlyDictionary<string, string> Where { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Columns compared as one tuple in this order, at or above these numbers.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> From { get; init; } = [];

    /// <summary>Columns compared as one tuple in this order, below these numbers.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Before { get; init; } = [];

    /// <summary>First index taken.</summary>
    public int First { get; init; }

    /// <summary>Rows taken from there; null for all.</summary>
    public int? Count { get; init; }

    /// <summary>Every n-th of those, starting with the first; 1 for all.</summary>
    public int Every { get; init; } = 1;
}

/// <summary>One part of a partition of the selected rows.</summary>
public sealed record PartSpec
{
    /// <summary><c>iid</c>, <c>blocks</c>, <c>modulo</c>, <c>shards</c>, <c>dirichlet</c> or <c>column</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>This part's index.</summary>
    public int Index { get; init; }

    /// <summary>Number of parts.</summary>
    public int Parts { get; init; } = 1;

    /// <summary>Shards of every part (<c>shards</c>).</summary>
    public int ShardsPerPart { get; init; } = 2;

    /// <summary>Concentration (<c>dirichlet</c>): small is more skewed.</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>Seed of <c>iid</c> and <c>dirichlet</c>.</summary>
    public ulong Seed { get; init; }

    /// <summary>The column that names the device (<c>column</c>).</summary>
    public string? Column { get; init; }

    /// <summary>The value of that column that is this part.</summary>
    public string? Value { get; init; }
}

/// <summary>Standardization (x − mean) / deviation with the population deviation; a deviation of 0 counts as 1; a missing value becomes 0.</summary>
public sealed record StandardizeSpec
{
    /// <summary><c>none</c>, <c>local</c> (this dataset's own rows), <c>pooled</c> (all rows of <see cref="Pool"/>) or <c>given</c>.</summary>
    public string Kind { get; init; } = "none";

    /// <summary>The sources whose selected rows give the statistics of <c>pooled</c>.</summary>
    public IReadOnlyList<SourceSpec> Pool { get; init; } = [];

    /// <summary>Means of <c>given</c>, one per feature.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary>Deviations of <c>given</c>, one per feature.</summary>
    public IReadOnlyList<double> Deviation { get; init; } = [];
}
