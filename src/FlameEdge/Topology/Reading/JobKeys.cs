namespace FlameEdge.Topology.Reading;

/// <summary>The keys of a job file, by the element they belong to; <c>docs/job.schema.json</c> has the same elements and keys, which a test compares.</summary>
public static class JobKeys
{
    /// <summary>The file itself.</summary>
    public static readonly string[] Job =
        ["job", "description", "parameters", "seed", "backend", "optimizer", "robust", "privacy", "secureAggregation", "personal", "sampler", "topology", "datasets", "evaluation", "model", "training", "rounds", "fleet", "canoe"];

    /// <summary><c>optimizer</c>, written as a mapping.</summary>
    public static readonly string[] Optimizer = ["kind", "rate", "momentum", "nesterov", "beta1", "beta2", "tau", "initialV", "alpha", "mu", "fair", "gamma", "reg", "feature", "above", "positive"];

    /// <summary><c>robust</c>, written as a mapping.</summary>
    public static readonly string[] Robust = ["kind", "norm", "trim", "attackers", "keep"];

    /// <summary><c>privacy</c>.</summary>
    public static readonly string[] Privacy = ["kind", "clip", "noise", "epsilon", "delta"];

    /// <summary><c>secureAggregation</c>.</summary>
    public static readonly string[] SecureAggregation = ["threshold", "fractionBits"];

    /// <summary><c>personal</c>.</summary>
    public static readonly string[] Personal = ["kind", "tensors", "lambda", "steps", "holdOut"];

    /// <summary><c>sampler</c>, written as a mapping.</summary>
    public static readonly string[] Sampler = ["kind", "window", "lossStep", "deadlineStep", "hardShare"];

    /// <summary><c>topology</c>.</summary>
    public static readonly string[] Topology = ["roles", "channels"];

    /// <summary>An item of <c>topology.roles</c>.</summary>
    public static readonly string[] Role =
        ["name", "description", "isDataConsumer", "replica", "program", "groupAssociation", "datasets", "settings", "needs"];

    /// <summary>An item of <c>topology.channels</c>.</summary>
    public static readonly string[] Channel = ["name", "description", "pair", "groupBy", "funcTags", "backend", "codec", "selector"];

    /// <summary><c>selector</c>, written as a mapping.</summary>
    public static readonly string[] Selector =
    [
        "kind", "count", "overSelect", "of", "within", "bytes", "rate", "exploration", "explorationDecay", "leastExploration", "cutOff", "stragglerPenalty", "preferredDuration", "pacerStep", "pacerWindow",
    ];

    /// <summary><c>codec</c>, written as a mapping.</summary>
    public static readonly string[] Codec = ["up", "down"];

    /// <summary><c>groupBy</c>, written as a mapping.</summary>
    public static readonly string[] GroupBy = ["type", "value", "label"];

    /// <summary>An item of <c>datasets</c>.</summary>
    public static readonly string[] Dataset =
    [
        "name", "description", "format", "path", "paths", "labelsPath", "devices", "merge", "label", "features", "classes", "scale", "require",
        "rows", "partition", "labels", "agents", "standardize", "generator", "onBoard",
    ];

    /// <summary><c>label</c>, written as a mapping.</summary>
    public static readonly string[] Label = ["column", "bands"];

    /// <summary>An item of <c>features</c>, written as a mapping.</summary>
    public static readonly string[] Feature = ["column", "compass", "cycle", "period", "offset"];

    /// <summary><c>rows</c>.</summary>
    public static readonly string[] Rows = ["where", "from", "before", "first", "count", "every"];

    /// <summary><c>partition</c>.</summary>
    public static readonly string[] Partition = ["kind", "parts", "shardsPerPart", "alpha", "seed", "column", "values"];

    /// <summary><c>standardize</c>, written as a mapping.</summary>
    public static readonly string[] Standardize = ["like", "mean", "deviation"];

    /// <summary><c>model</c>.</summary>
    public static readonly string[] Model = ["kind", "hidden", "activation", "path", "module", "freeze", "trainLast", "input", "classes"];

    /// <summary><c>training</c>, and a role's <c>settings</c>.</summary>
    public static readonly string[] Training =
    [
        "runtime", "loss", "huberDelta", "optimizer", "learningRate", "momentum", "nesterov", "weightDecay", "beta1", "beta2", "epsilon", "clipNorm", "proximal",
        "epochs", "steps", "batchSize", "threads",
    ];

    /// <summary><c>rounds</c>.</summary>
    public static readonly string[] Rounds = ["count", "quorum", "eager", "deadline", "patience", "maxFailures", "largestValue"];

    /// <summary><c>fleet</c>.</summary>
    public static readonly string[] Fleet = ["deadline", "lease", "retries", "patience"];

    /// <summary>A role's <c>needs</c>.</summary>
    public static readonly string[] Needs = ["memory", "storage", "threads", "architecture", "power", "dailyBytes", "labels"];

    /// <summary><c>canoe</c>.</summary>
    public static readonly string[] Canoe =
    [
        "preset", "inputs", "classes", "warmUp", "batches", "batchesPerSecond", "scoreEvery", "saveEvery", "stream", "streamData", "lockstep", "offers", "value", "denied", "revoked",
        "learningRate", "aloneRate", "aloneBatches", "specialistRate", "replayPerClass", "replayedRows", "handOver", "hardeningSteps", "averaging", "borrowAtRise",
        "freezeBatches", "timeoutBatches", "coldSpecialists", "keepsTwin", "asksForDipped", "asksToRefresh", "collaborates", "units", "budgetBytes", "examples", "repairEpochs", "alignedDeltas",
        "significance", "scatteredWeights", "refreshedValues",
        "leastCount", "leastRecall", "oldestRecord",
    ];

    /// <summary><c>canoe.lockstep</c>.</summary>
    public static readonly string[] Lockstep = ["delay", "wait"];

    /// <summary>Keys of <c>canoe.value</c>.</summary>
    public static readonly string[] Value = ["name", "center", "deviation"];

    /// <summary>All of them, by the name the schema gives the element.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> All = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["job"] = Job,
        ["optimizer"] = Optimizer,
        ["robust"] = Robust,
        ["privacy"] = Privacy,
        ["secureAggregation"] = SecureAggregation,
        ["personal"] = Personal,
        ["sampler"] = Sampler,
        ["topology"] = Topology,
        ["role"] = Role,
        ["channel"] = Channel,
        ["selector"] = Selector,
        ["codec"] = Codec,
        ["groupBy"] = GroupBy,
        ["dataset"] = Dataset,
        ["label"] = Label,
        ["feature"] = Feature,
        ["rows"] = Rows,
        ["partition"] = Partition,
        ["standardize"] = Standardize,
        ["model"] = Model,
        ["training"] = Training,
        ["rounds"] = Rounds,
        ["fleet"] = Fleet,
        ["needs"] = Needs,
        ["canoe"] = Canoe,
        ["lockstep"] = Lockstep,
        ["value"] = Value,
    };
}
