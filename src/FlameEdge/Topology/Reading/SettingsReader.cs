using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads the plain settings of a job: model, training, rounds.</summary>
internal static class SettingsReader
{
    private const string All = "all";
    private static readonly string[] s_losses = ["cross-entropy", "binary-cross-entropy", "mean-squared", "huber"];
    private static readonly string[] s_optimizers = ["sgd", "adam", "adamw"];

    public static ModelSpec? Model(SpecMapping? node, string folder, SpecProblems problems)
    {
        if (node is null)
        {
            return null;
        }

        var fields = new Fields(node, "model", JobKeys.Model, problems);
        var kind = fields.OneOf("kind", ["softmax", "mlp", "lenet", "onnx", "torch"]);
        if (kind is null && fields["kind"] is null)
        {
            problems.Add(node, "model: kind is missing; use softmax, mlp, lenet, onnx or torch");
        }

        if (kind is "onnx" != fields["path"] is not null)
        {
            problems.Add(fields["path"] ?? node, $"model: path {(kind is "onnx" ? "is missing; name the ONNX file" : "belongs to kind: onnx; remove it")}");
        }

        if (kind is "torch" != fields["module"] is not null)
        {
            problems.Add(fields["module"] ?? node, $"model: module {(kind is "torch" ? "is missing; name a module of the program" : "belongs to kind: torch; remove it")}");
        }

        if (kind is not "mlp" && fields["hidden"] is { } hidden)
        {
            problems.Add(hidden, "model: hidden belongs to kind: mlp; remove it");
        }

        return new()
        {
            Kind = kind ?? "",
            Hidden = Sizes(fields, "hidden"),
            Input = fields["input"] is null ? null : Sizes(fields, "input"),
            Classes = fields.Whole("classes", 2, 1 << 20),
            Activation = fields.OneOf("activation", ["relu", "tanh", "sigmoid"]) ?? "relu",
            Module = fields.Text("module"),
            Freeze = [.. fields.Scalars("freeze").Select(pattern => pattern.Text)],
            TrainLast = fields.Whole("trainLast", 1),
            Path = fields.Text("path") is { } path ? Paths.Resolve(fields.Scalar("path")!, path, folder, problems) : null,
        };
    }

    /// <param name="node">The settings; null for those of <paramref name="basis"/>.</param>
    /// <param name="basis">What holds where nothing is said.</param>
    /// <param name="element">What messages call the settings.</param>
    /// <param name="problems">Where faults are reported.</param>
    /// <param name="isWhole">True where these are all settings, so that what has no meaning beside the others can be told.</param>
    public static TrainingSpec Training(SpecMapping? node, TrainingSpec basis, string element, SpecProblems problems, bool isWhole = false)
    {
        if (node is null)
        {
            return basis;
        }

        var fields = new Fields(node, element, JobKeys.Training, problems);
        var training = new TrainingSpec
        {
            Runtime = fields.OneOf("runtime", ["onnx", "torch"]) ?? basis.Runtime,
            Loss = fields.OneOf("loss", s_losses) is { } loss ? (LossKind)Array.IndexOf(s_losses, loss) : basis.Loss,
            HuberDelta = fields.Number("huberDelta", value => value > 0, "a number above 0") ?? basis.HuberDelta,
            Optimizer = fields.OneOf("optimizer", s_optimizers) is { } optimizer ? (OptimizerKind)Array.IndexOf(s_optimizers, optimizer) : basis.Optimizer,
            Nesterov = fields["nesterov"] is null ? basis.Nesterov : fields.Flag("nesterov"),
            Beta1 = fields.Number("beta1", value => value is >= 0 and < 1, "a number from 0 to below 1") ?? basis.Beta1,
            Beta2 = fields.Number("beta2", value => value is >= 0 and < 1, "a number from 0 to below 1") ?? basis.Beta2,
            Epsilon = fields.Number("epsilon", value => value > 0, "a number above 0") ?? basis.Epsilon,
            ClipNorm = fields.Number("clipNorm", value => value > 0, "a number above 0") ?? basis.ClipNorm,
            Proximal = fields.Number("proximal", value => value >= 0, "a number of at least 0") ?? basis.Proximal,
            LearningRate = fields.Number("learningRate", value => value > 0, "a number above 0") ?? basis.LearningRate,
            Momentum = fields.Number("momentum", value => value is >= 0 and < 1, "a number from 0 to below 1") ?? basis.Momentum,
            WeightDecay = fields.Number("weightDecay", value => value >= 0, "a number of at least 0") ?? basis.WeightDecay,
            Epochs = fields.Whole("epochs", 1) ?? basis.Epochs,
            Steps = fields.Whole("steps", 1) ?? basis.Steps,
            BatchSize = fields["batchSize"] is SpecScalar { Text: All } ? null : fields.Whole("batchSize", 1) ?? basis.BatchSize,
            Threads = fields.Whole("threads", 1, 1024) ?? basis.Threads,
        };
        TrainingChecks.Check(fields, training, isWhole);
        return training;
    }

    /// <summary>Settings by name, as a role keeps them, above <paramref name="basis"/>.</summary>
    public static TrainingSpec Above(TrainingSpec basis, IReadOnlyDictionary<string, string> settings)
    {
        var position = new SpecPosition("settings");
        var ours = settings.Where(setting => JobKeys.Training.Contains(setting.Key))
            .Select(setting => new SpecEntry(new(position, setting.Key), new SpecScalar(position, setting.Value)));
        return Training(new SpecMapping(position, ours), basis, "settings", new());
    }

    public static RoundSpec Rounds(SpecMapping? node, SpecProblems problems)
    {
        var basis = new RoundSpec();
        if (node is null)
        {
            return basis;
        }

        var fields = new Fields(node, "rounds", JobKeys.Rounds, problems);
        var (quorum, share) = Quorum(fields);
        return new()
        {
            Count = fields.Whole("count", 1) ?? basis.Count,
            Quorum = quorum,
            QuorumShare = share,
            Eager = fields.Flag("eager"),
            Deadline = fields.Duration("deadline") ?? basis.Deadline,
            Patience = fields.Duration("patience") ?? basis.Patience,
            MaxFailures = fields.Whole("maxFailures", 0) ?? basis.MaxFailures,
            LargestValue = fields.Number("largestValue", value => value > 0, "a number above 0") ?? basis.LargestValue,
        };
    }

    private static (int? Quorum, double? Share) Quorum(Fields fields)
    {
        if (fields.Scalar("quorum") is not { Text: not All } scalar)
        {
            return (null, null);
        }

        if (scalar.Text.EndsWith('%')
            && double.TryParse(scalar.Text.AsSpan(0, scalar.Text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            && percent is > 0 and <= 100)
        {
            return (null, percent / 100);
        }

        if (int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1)
        {
            return (count, null);
        }

        fields.Wrong(scalar, "quorum", "'all', a number of workers from 1, or a share such as 80%");
        return (null, null);
    }

    private static int[] Sizes(Fields fields, string key)
    {
        var sizes = fields.Numbers(key);
        if (sizes.Any(size => size is < 1 or > 1 << 20 || size != Math.Floor(size)))
        {
            fields.Wrong(fields[key]!, key, "whole numbers from 1 to 1048576");
            return [];
        }

        return [.. sizes.Select(size => (int)size)];
    }
}

/// <summary>Paths inside a job file are relative to its folder.</summary>
internal static class Paths
{
    public static string Resolve(SpecNode at, string path, string folder, SpecProblems problems)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(at, "this path is empty or holds a null character; name a file");
            return "";
        }

        return Path.GetFullPath(Path.Combine(folder, path));
    }
}
