namespace FlameEdge.Topology;

/// <summary>A job as its file says it: who learns with whom, what, from which data, and under which rules.</summary>
public sealed record JobSpec
{
    /// <summary>The safe name that stands in topics.</summary>
    public required JobId Name { get; init; }

    /// <summary>The name as the author wrote it.</summary>
    public required string Title { get; init; }

    /// <summary>Roles and channels.</summary>
    public required TopologyGraph Graph { get; init; }

    /// <summary>Every dataset by its name, partitions already cut, in the job's order.</summary>
    public required IReadOnlyDictionary<DatasetId, DatasetSpec> Datasets { get; init; }

    /// <summary>The dataset the top aggregator scores the model on after every round; null for none.</summary>
    public DatasetId? Evaluation { get; init; }

    /// <summary>The model that is learned; null in a job that only describes a topology.</summary>
    public ModelSpec? Model { get; init; }

    /// <summary>How a trainer learns within a round.</summary>
    public TrainingSpec Training { get; init; } = new();

    /// <summary>How many rounds, and when one is over.</summary>
    public RoundSpec Rounds { get; init; } = new();

    /// <summary>The aggregation rule; only <c>fedavg</c> for now.</summary>
    public string Optimizer { get; init; } = "fedavg";

    /// <summary>Backend of channels that name none: <c>mqtt</c> or <c>memory</c>.</summary>
    public string Backend { get; init; } = "mqtt";

    /// <summary>All randomness of the job derives from it, the worker and the round.</summary>
    public ulong Seed { get; init; }

    /// <summary>How a role's workers learn: the role's own settings above the job's. Settings of a user's program that are not ours are left to it.</summary>
    public TrainingSpec TrainingOf(RoleName role) => Reading.SettingsReader.Above(Training, Graph.Roles.First(spec => spec.Name == role).Settings);
}

/// <summary>The model a job learns: one declared by kind, or a forward ONNX file.</summary>
public sealed record ModelSpec
{
    /// <summary><c>softmax</c>, <c>mlp</c>, <c>lenet</c> or <c>onnx</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Widths of the hidden layers of an <c>mlp</c>.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [];

    /// <summary><c>relu</c>, <c>tanh</c> or <c>sigmoid</c>, between the layers of an <c>mlp</c>.</summary>
    public string Activation { get; init; } = "relu";

    /// <summary>Shape of one sample, such as [64] or [1, 28, 28]; null to take it from the evaluation data.</summary>
    public IReadOnlyList<int>? Input { get; init; }

    /// <summary>Number of classes; null to take it from the evaluation data.</summary>
    public int? Classes { get; init; }

    /// <summary>Path of the forward model of kind <c>onnx</c>, resolved against the job file's folder.</summary>
    public string? Path { get; init; }
}

/// <summary>How a trainer learns within one round: mini-batch SGD.</summary>
public sealed record TrainingSpec
{
    /// <summary>Step size; above 0.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>v = momentum * v + g; p -= learningRate * v. In [0, 1); starts at zero each round.</summary>
    public double Momentum { get; init; }

    /// <summary>g = gradient + weightDecay * p; at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Passes over the local data per round; used where <see cref="Steps"/> is null.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Batches per round whatever the data's size; null to count by epochs.</summary>
    public int? Steps { get; init; }

    /// <summary>Rows per step; null for all rows in one full batch.</summary>
    public int? BatchSize { get; init; } = 32;

    /// <summary>Threads of the engine per worker.</summary>
    public int Threads { get; init; } = 1;
}

/// <summary>How many rounds a job has, and when a round is over whatever its members do.</summary>
public sealed record RoundSpec
{
    /// <summary>Rounds to run.</summary>
    public int Count { get; init; } = 10;

    /// <summary>Updates that make a round valid, as a number of workers; null for all of the cohort.</summary>
    public int? Quorum { get; init; }

    /// <summary>The same as a share of the cohort in (0, 1], rounded up; null where <see cref="Quorum"/> holds.</summary>
    public double? QuorumShare { get; init; }

    /// <summary>The longest a round waits for its cohort.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest a worker waits for a peer it cannot work without.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Rounds in a row without a quorum before the job is given up.</summary>
    public int MaxFailures { get; init; } = 3;

    /// <summary>The largest magnitude of an update's value that is accepted; fixes the step of the exact sum.</summary>
    public double LargestValue { get; init; } = 1024;

    /// <summary>The smallest number of counted workers that makes a round of <paramref name="cohort"/> workers valid; at least 1.</summary>
    public int QuorumOf(int cohort) => Math.Max(1, QuorumShare is { } share
        ? (int)Math.Ceiling(share * cohort)
        : Math.Min(Quorum ?? cohort, cohort));
}
