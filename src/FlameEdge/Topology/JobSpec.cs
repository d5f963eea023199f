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

    /// <summary>How the server makes the next model, and what its clients do for it.</summary>
    public OptimizerSpec Optimizer { get; init; } = new();

    /// <summary>What takes the place of the mean in every aggregator; null for the mean.</summary>
    public RobustSpec? Robust { get; init; }

    /// <summary>Differential privacy of its clients; null for none.</summary>
    public PrivacySpec? Privacy { get; init; }

    /// <summary>Masked updates; null for plain ones.</summary>
    public SecureAggregationSpec? SecureAggregation { get; init; }

    /// <summary>A model of each client's own; null for none.</summary>
    public PersonalSpec? Personal { get; init; }

    /// <summary>Which of its rows a client learns from; null for all of them.</summary>
    public SamplerSpec? Sampler { get; init; }

    /// <summary>True where every client counts as one, however many samples it has.</summary>
    public bool CountsAlike => Optimizer.CountsAlike || Privacy is not null;

    /// <summary>Backend of channels that name none: <c>mqtt</c>, <c>tcp</c> or <c>memory</c>.</summary>
    public string Backend { get; init; } = "mqtt";

    /// <summary>True where a channel exists within one process only.</summary>
    public bool IsInMemory(ChannelSpec channel) => (channel.Backend ?? Backend) == "memory";

    /// <summary>How a controller runs it on a fleet.</summary>
    public FleetSpec Fleet { get; init; } = new();

    /// <summary>How sites collaborate, where it is a Canoe job.</summary>
    public CanoeSpec Canoe { get; init; } = new();

    /// <summary>All randomness of the job derives from it, the worker and the round.</summary>
    public ulong Seed { get; init; }

    /// <summary>How a role's workers learn: the role's own settings above the job's. Settings of a user's program that are not ours are left to it.</summary>
    public TrainingSpec TrainingOf(RoleName role) => Reading.SettingsReader.Above(Training, Graph.Roles.First(spec => spec.Name == role).Settings);
}

/// <summary>The model a job learns: one declared by kind, or a forward ONNX file.</summary>
public sealed record ModelSpec
{
    /// <summary><c>softmax</c>, <c>mlp</c>, <c>lenet</c>, <c>onnx</c> or <c>torch</c>.</summary>
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

    /// <summary>Name of a module that the program brings along, for kind <c>torch</c>.</summary>
    public string? Module { get; init; }

    /// <summary>Names of tensors that keep their values, <c>*</c> for any part of a name: <c>conv*.weight</c>. They are never sent.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Learn only the last so many layers with tensors; null for all.</summary>
    public int? TrainLast { get; init; }
}

/// <summary>What training makes small.</summary>
public enum LossKind
{
    /// <summary>Mean over rows of -ln softmax(logits)[label].</summary>
    CrossEntropy,

    /// <summary>Mean over rows and classes of the log loss of sigmoid(output) against the one-hot target.</summary>
    BinaryCrossEntropy,

    /// <summary>Mean over rows and classes of (output - target)², the target one-hot.</summary>
    MeanSquared,

    /// <summary>The same with |r| beyond <see cref="TrainingSpec.HuberDelta"/> counted linearly.</summary>
    Huber,
}

/// <summary>How a gradient becomes a step.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent with momentum, weight decay in the gradient.</summary>
    Sgd,

    /// <summary>Kingma and Ba 2015, weight decay in the gradient.</summary>
    Adam,

    /// <summary>Loshchilov and Hutter 2019: Adam with weight decay apart from the gradient.</summary>
    AdamW,
}

/// <summary>How a trainer learns within one round: mini-batch gradient descent.</summary>
/// <remarks>
/// A step: g = gradient + proximal (p - received p) + correction; then clipped by the norm of all of g; then the optimizer's rule. Optimizer state is zero
/// at the start of each round.
/// </remarks>
public sealed record TrainingSpec
{
    /// <summary><c>onnx</c> or <c>torch</c>; null for the first one the process has on board.</summary>
    public string? Runtime { get; init; }

    /// <summary>What is made small.</summary>
    public LossKind Loss { get; init; }

    /// <summary>Where <see cref="LossKind.Huber"/> turns linear; above 0.</summary>
    public double HuberDelta { get; init; } = 1;

    /// <summary>The rule of a step.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Step size; above 0.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>v = momentum * v + g; p -= learningRate * v. In [0, 1); starts at zero each round.</summary>
    public double Momentum { get; init; }

    /// <summary>p -= learningRate * (g + momentum * v) instead (Sutskever et al. 2013); for SGD.</summary>
    public bool Nesterov { get; init; }

    /// <summary>g += weightDecay * p; for AdamW p is first multiplied by 1 - learningRate * weightDecay instead. At least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of Adam's mean of gradients; in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of Adam's mean of squared gradients; in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of Adam's mean of squared gradients; above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Longest gradient over all parameters (Euclidean): a longer one is scaled by clipNorm / (norm + 1e-6); null for no limit.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>FedProx's pull towards the received parameters (Li et al. 2020, equation 2); at least 0.</summary>
    public double Proximal { get; init; }

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

    /// <summary>True where a round is over with its quorum: stragglers are told to stop instead of being waited for.</summary>
    public bool Eager { get; init; }

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
